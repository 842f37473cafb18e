"""What is checked: an algorithm's sample job and the limits it is held to."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import framework
from framework.algorithm import Algorithm, CheckLimits
from framework.errors import ConfigurationError
from framework.layout import Layout


@dataclass(frozen=True)
class Subject:
    """A small training job of an algorithm, and seconds within which it must start and stop.

    Attributes:
        replies: the file with what this job's model answers; None when the job has none.

    Raises:
        ConfigurationError: a channel's directory or file does not exist.
    """

    channels: Mapping[str, Path]
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)
    start_seconds: float = CheckLimits().start_seconds
    stop_seconds: float = CheckLimits().stop_seconds
    replies: Path | None = None

    def __post_init__(self) -> None:
        for name, path in self.channels.items():
            if not path.exists():
                raise ConfigurationError(f"Channel '{name}': there is no file or directory {path}.")

    @classmethod
    def of(cls, algorithm: Algorithm, scratch: Path) -> "Subject":
        """The job that ``[sample]`` declares and the limits of ``[check]`` in algorithm.toml.

        Raises:
            ConfigurationError: there is neither a sample nor data below SAGEMAKER_BASE_DIR.
        """
        declared = algorithm.file
        return cls(
            sample_channels(algorithm, scratch),
            declared.sample.hyperparameters,
            declared.check.start_seconds,
            declared.check.stop_seconds,
            algorithm.replies,
        )


def sample_channels(algorithm: Algorithm, scratch: Path) -> dict[str, Path]:
    """Channel → directory, from ``[sample] channels``, else from the mounted input/data.

    A function (``module:function``) fills a new directory below ``scratch``, in a process of
    its own, because modules of different algorithms may share a name.
    """
    declared = algorithm.file.sample.channels
    if not declared:
        return _subdirectories(
            Layout.from_environment().data,
            "algorithm.toml declares no [sample] channels. Name there a directory with one folder "
            'per channel, or a function ("sample:write_channels"), or give --channel NAME=PATH.',
        )
    if ":" not in declared:
        directory = algorithm.directory / declared
    else:
        directory = scratch / "sample-channels"
        _fill(algorithm, declared, directory)
    return _subdirectories(
        directory, f'[sample] channels = "{declared}" gave no folder per channel in {directory}.'
    )


_FILLER = """
import sys
from pathlib import Path
from framework.algorithm import Algorithm
module, _, function = sys.argv[1].partition(":")
getattr(Algorithm.load().import_module(module), function)(Path(sys.argv[2]))
"""


def _fill(algorithm: Algorithm, function: str, directory: Path) -> None:
    directory.mkdir()
    libraries = [os.environ.get("PYTHONPATH"), str(Path(framework.__file__).parents[1])]
    variables = {
        "ALGORITHM_DIR": str(algorithm.directory),
        "PYTHONPATH": os.pathsep.join(filter(None, libraries)),
    }
    filler = subprocess.run(
        [sys.executable, "-c", _FILLER, function, str(directory)],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    if filler.returncode != 0:
        cause = (filler.stderr.strip().splitlines() or ["no message"])[-1]
        raise ConfigurationError(
            f'{algorithm.directory / "algorithm.toml"}: [sample] channels = "{function}" failed: '
            f"{cause}. It is called with an empty directory and writes one folder per channel."
        )


def _subdirectories(directory: Path, advice: str) -> dict[str, Path]:
    found = sorted(directory.iterdir()) if directory.is_dir() else []
    channels = {path.name: path for path in found if path.is_dir()}
    if not channels:
        raise ConfigurationError(f"There is no sample to train on. {advice}")
    return channels
