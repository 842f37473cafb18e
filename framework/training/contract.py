"""Reads input/config/*.json, what SageMaker tells a training job, and says what is wrong with it.

Keys that are not needed here are tolerated, since SageMaker adds some (docs/contract.md, "Paths").
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from framework.errors import ConfigurationError
from framework.layout import Layout
from framework.training.job import Channel


@dataclass(frozen=True)
class Resources:
    """resourceconfig.json: the hosts of the job."""

    current_host: str
    hosts: tuple[str, ...]
    document: Mapping[str, Any]

    @property
    def is_leader(self) -> bool:
        return self.current_host == self.hosts[0]


@dataclass(frozen=True)
class Contract:
    """The configuration of one training job.

    Attributes:
        hyperparameters: names and values as they were sent, all strings.
        channels: by name, with their directories.
        input_data: the content of inputdataconfig.json.
        resources: the hosts.
        checkpoints: where checkpoints go.
        output_data: for the job's other output; a folder per host when there are several,
            because SageMaker packs the files of all hosts into one archive.
    """

    hyperparameters: Mapping[str, str]
    channels: Mapping[str, Channel]
    input_data: Mapping[str, Mapping[str, Any]]
    resources: Resources
    checkpoints: Path
    output_data: Path

    @classmethod
    def read(cls, layout: Layout) -> "Contract":
        """Read the configuration below ``layout.config``.

        Raises:
            ConfigurationError: a file is not valid JSON or not of the expected form,
                or a channel has an input mode that is not supported.
        """
        input_data = _input_data(layout)
        resources = _resources(layout.config / "resourceconfig.json")
        several = len(resources.hosts) > 1
        return cls(
            hyperparameters=_hyperparameters(layout.config / "hyperparameters.json"),
            channels={
                name: _channel(name, layout.data / name, settings)
                for name, settings in input_data.items()
            },
            input_data=input_data,
            resources=resources,
            checkpoints=_checkpoint_path(layout),
            output_data=layout.output_data / (resources.current_host if several else ""),
        )


def _hyperparameters(path: Path) -> dict[str, str]:
    sent = _read_object(path)
    for name, value in sent.items():
        if not isinstance(value, str):
            raise ConfigurationError(
                f"{path}: the value of '{name}' is {json.dumps(value)}, but SageMaker sends "
                f"every hyperparameter as a string. Write {json.dumps(json.dumps(value))}."
            )
    return sent


def _input_data(layout: Layout) -> dict[str, dict[str, Any]]:
    path = layout.config / "inputdataconfig.json"
    if not path.exists() and layout.data.is_dir():
        return {folder.name: {} for folder in sorted(layout.data.iterdir()) if folder.is_dir()}
    channels = _read_object(path)
    for name, settings in channels.items():
        if not isinstance(settings, dict):
            raise ConfigurationError(
                f"{path}: channel '{name}' must be an object such as "
                f'{{"TrainingInputMode": "File"}}, not {json.dumps(settings)}.'
            )
    return channels


def _channel(name: str, path: Path, settings: Mapping[str, Any]) -> Channel:
    mode = settings.get("TrainingInputMode", "File")
    if mode not in ("File", "FastFile"):
        raise ConfigurationError(
            f"Channel '{name}' has the input mode {mode}, which this framework does not read. "
            "Set its InputMode to FastFile (streams from S3, starts at once) or to File (copies "
            "first) in the training job's InputDataConfig or AlgorithmSpecification."
        )
    return Channel(name, path, mode, settings.get("ContentType") or "")


def _resources(path: Path) -> Resources:
    document = _read_object(path)
    hosts = document.get("hosts") or [document.get("current_host", "algo-1")]
    current_host = document.get("current_host", hosts[0])
    if current_host not in hosts:
        raise ConfigurationError(
            f"{path}: current_host is '{current_host}', which is not one of the hosts "
            f"{', '.join(map(str, hosts))}."
        )
    return Resources(current_host, tuple(sorted(hosts)), document)


def _checkpoint_path(layout: Layout) -> Path:
    settings = _read_object(layout.config / "checkpointconfig.json")
    return Path(settings.get("LocalPath") or layout.checkpoints)


def _read_object(path: Path) -> dict[str, Any]:
    """The JSON object in a configuration file; empty when there is no such file."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            f"{path} is not UTF-8 text: byte {error.start} cannot be decoded. Write it as UTF-8."
        ) from None
    except json.JSONDecodeError as error:
        raise ConfigurationError(
            f"{path} is not valid JSON: {error.msg} at line {error.lineno}, column {error.colno}. "
            "SageMaker writes this file; when running locally, repair it."
        ) from None
    if not isinstance(content, dict):
        raise ConfigurationError(
            f"{path} must hold a JSON object, but holds {type(content).__name__}."
        )
    return content
