"""Lays out /opt/ml in a directory as SageMaker does it before a container starts."""

import json
import os
import shutil
import tarfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from framework.artifact import unpack_artifact
from framework.layout import Layout

Spelling = Literal["raw", "quoted"]


@dataclass(frozen=True)
class JobDescription:
    """One training job, as the caller of CreateTrainingJob describes it.

    Attributes:
        channels: channel name → a directory (or one file) with its data.
        hyperparameters: name → value of any JSON type; strings are what SageMaker sends.
        spelling: "raw" is ``gini`` and ``8`` (Step Functions, boto3), "quoted" is ``"gini"``
            and ``"8"`` (the SDK and its tuner).
        input_mode: File or FastFile; Pipe is staged too, so that its refusal can be seen.
        hosts: every host of the job; ``current_host`` is the one to stage.
        checkpoint_path: LocalPath as the container sees it; None means no checkpointing.
        sharded: channels of which each host has its share only (ShardedByS3Key); ``channels``
            then names the share of ``current_host``.
        content_types: channel name → ContentType, where the caller gave one.
        link_data: link the channels instead of copying them. Links lead out of the base
            directory, so a container cannot follow them.
    """

    channels: Mapping[str, Path] = field(default_factory=dict)
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)
    spelling: Spelling = "raw"
    input_mode: str = "File"
    hosts: Sequence[str] = ("algo-1",)
    current_host: str = "algo-1"
    checkpoint_path: str | None = None
    sharded: Collection[str] = ()
    content_types: Mapping[str, str] = field(default_factory=dict)
    link_data: bool = False


def stage_training(base: Path, job: JobDescription) -> Layout:
    """Write the configuration and the channels of ``job`` below ``base``."""
    layout = Layout(base)
    for directory in (layout.config, layout.data, layout.model, layout.output_data):
        directory.mkdir(parents=True, exist_ok=True)
    _write(layout.config / "hyperparameters.json", stringified(job.hyperparameters, job.spelling))
    _write(layout.config / "inputdataconfig.json", _input_data_config(job))
    _write(layout.config / "resourceconfig.json", _resource_config(job))
    if job.checkpoint_path is not None:
        layout.checkpoints.mkdir(exist_ok=True)
        _write(layout.config / "checkpointconfig.json", {"LocalPath": job.checkpoint_path})
    for name, source in job.channels.items():
        _provide(source, layout.data / name, job.link_data)
    return layout


def stage_serving(base: Path, artifact: Path) -> Layout:
    """Put the model below ``base``: a copy of a model directory, or a model.tar.gz unpacked."""
    layout = Layout(base)
    layout.base.mkdir(parents=True, exist_ok=True)
    if artifact.is_dir():
        shutil.copytree(artifact, layout.model)
    else:
        unpack_artifact(artifact, layout.model)
    return layout


def pack_artifact(model_dir: Path, archive: Path) -> Path:
    """Make model.tar.gz of a model directory, as SageMaker does after training."""
    with tarfile.open(archive, "w:gz", dereference=True) as tar:
        for path in sorted(model_dir.iterdir()):
            tar.add(path, arcname=path.name)
    return archive


def stringified(hyperparameters: Mapping[str, Any], spelling: Spelling = "raw") -> dict[str, str]:
    """Hyperparameters as the API carries them: every value is a string."""
    return {name: _spelled(value, spelling) for name, value in hyperparameters.items()}


def _spelled(value: Any, spelling: Spelling) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    quoted = spelling == "quoted" and isinstance(value, str | int | float)
    return json.dumps(text) if quoted else text


def _input_data_config(job: JobDescription) -> dict[str, dict[str, str]]:
    return {name: _channel_config(name, job) for name in job.channels}


def _channel_config(name: str, job: JobDescription) -> dict[str, str]:
    content_type = job.content_types.get(name)
    return {
        "TrainingInputMode": job.input_mode,
        "S3DistributionType": "ShardedByS3Key" if name in job.sharded else "FullyReplicated",
        "RecordWrapperType": "None",
        **({"ContentType": content_type} if content_type else {}),
    }


def _resource_config(job: JobDescription) -> dict[str, Any]:
    group = {"instance_group_name": "homogeneousCluster", "instance_type": "ml.m5.large"}
    return {
        "current_host": job.current_host,
        "hosts": sorted(job.hosts),
        "network_interface_name": "eth0",
        "current_instance_type": group["instance_type"],
        "current_group_name": group["instance_group_name"],
        "instance_groups": [{**group, "hosts": sorted(job.hosts)}],
    }


def _provide(source: Path, target: Path, link: bool) -> None:
    if source.is_file():
        target.mkdir(parents=True)
        target = target / source.name
    if link:
        os.symlink(source.resolve(), target)
    elif source.is_file():
        shutil.copy2(source, target)
    else:
        shutil.copytree(source, target)


def _write(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")
