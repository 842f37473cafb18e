"""What a Trainer sees of the training job: its channels, directories, signals and log."""

import os
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from framework.errors import ChannelNotFound, ConfigurationError, DataError, did_you_mean
from framework.metrics import metric_line, metric_regex

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas

    from framework.trainer import ChannelSpec
    from framework.training.checkpoints import Checkpoints


@dataclass(frozen=True)
class Channel(os.PathLike[str]):
    """One input channel: a directory of files, also usable as a path.

    ``channel / "labels.csv"`` is a path below it, and ``open(channel / …)`` works as usual.

    Attributes:
        name: the name that the training job gives it.
        path: the directory with its files; read it, never write to it.
        input_mode: "File" (a local copy) or "FastFile" (streamed from S3 while it is read,
            so read each file once, from the start).
        content_type: the job's ContentType for the channel, "" when it gives none.
    """

    name: str
    path: Path
    input_mode: str = "File"
    content_type: str = ""

    def __fspath__(self) -> str:
        return str(self.path)

    def __truediv__(self, name: str | os.PathLike[str]) -> Path:
        return self.path / name

    def files(self, pattern: str = "*") -> list[Path]:
        """The channel's files whose names match ``pattern``, sorted, from all its folders.

        Hidden files and Spark's _SUCCESS markers are left out.

        Raises:
            DataError: no file matches.
        """
        everything = self.all_files()
        matching = [path for path in everything if path.match(pattern)]
        if not matching:
            names = [str(path.relative_to(self.path)) for path in everything]
            present = ", ".join(names[:10]) + (", …" if len(names) > 10 else "")
            wanted = "files" if pattern == "*" else f"files that match '{pattern}'"
            raise DataError(
                f"Channel '{self.name}' has no {wanted}: {self.path} "
                + (f"holds {present}. " if names else "is empty. ")
                + "Check the S3 prefix (S3Uri) of the channel in InputDataConfig."
            )
        return matching

    def read_csv(self, pattern: str = "*", **options: Any) -> "pandas.DataFrame":
        """All files as one DataFrame, in the order of ``files``; ``options`` go to pandas.

        Raises:
            DataError: a file cannot be read, or has other columns than the first.
        """
        import pandas

        return self._read_all(pattern, "CSV", lambda path: pandas.read_csv(path, **options))

    def read_parquet(self, pattern: str = "*", **options: Any) -> "pandas.DataFrame":
        """All files as one DataFrame, in the order of ``files``; ``options`` go to pandas.

        Raises:
            DataError: a file cannot be read, or has other columns than the first.
        """
        import pandas

        return self._read_all(pattern, "Parquet", lambda path: pandas.read_parquet(path, **options))

    def all_files(self) -> list[Path]:
        """What ``files`` chooses from; empty when the channel is."""
        return sorted(
            path
            for path in self.path.rglob("*")
            if path.is_file() and not path.name.startswith(".") and path.name != "_SUCCESS"
        )

    def _read_all(
        self, pattern: str, form: str, read: "Callable[[Path], pandas.DataFrame]"
    ) -> "pandas.DataFrame":
        import pandas

        frames: list[pandas.DataFrame] = []
        for path in self.files(pattern):
            try:
                frame = read(path)
            except MemoryError:
                raise
            except Exception as error:  # readers and decompressors share no base
                raise DataError(
                    f"Channel '{self.name}': {path} cannot be read as {form}: "
                    f"{type(error).__name__}: {str(error).strip().rstrip('.')}. "
                    "Repair or remove the file, or read it with other options."
                ) from error
            if frames and list(frame.columns) != list(frames[0].columns):
                raise DataError(
                    f"Channel '{self.name}': {path} has the columns {list(frame.columns)}, "
                    f"but the first file has {list(frames[0].columns)}. "
                    "All files of a channel need the same columns in the same order."
                )
            frames.append(frame)
        return pandas.concat(frames, ignore_index=True)


class Channels(dict[str, Channel]):
    """The job's channels by name; a missing one is an error that names those present."""

    def __missing__(self, name: str) -> Channel:
        raise ChannelNotFound(
            f"The training job has no channel '{name}'. {did_you_mean(name, self)} "
            f"Add a channel with ChannelName '{name}' to the job's InputDataConfig."
        )

    def require(self, declared: "Sequence[ChannelSpec]") -> None:
        """Every channel that a trainer declares is there and has files; others are mentioned.

        Raises:
            ChannelNotFound, DataError: one is not there, or empty.
        """
        for spec in declared:
            if spec.required or spec.name in self:
                self[spec.name].files()
        names = {spec.name for spec in declared} or set(self)
        for name in sorted(set(self) - names):
            say(f"Channel '{name}' is not declared in Trainer.channels; declared: {sorted(names)}.")


class StopRequest:
    """Whether and when the job was asked to stop, and how long it may still take."""

    def __init__(self, seconds: float):
        self._seconds = seconds
        self._deadline: float | None = None

    def arrive(self) -> None:
        """Note the request; only the first one starts the clock."""
        if self._deadline is None:
            self._deadline = time.monotonic() + self._seconds

    @property
    def arrived(self) -> bool:
        return self._deadline is not None

    @property
    def seconds_left(self) -> float | None:
        if self._deadline is None:
            return None
        return max(0.0, self._deadline - time.monotonic())


@dataclass(frozen=True)
class TrainingJob:
    """The training job, as ``Trainer.train`` sees it.

    Attributes:
        name: the training job's name.
        hyperparameters: the parsed values, also those left at their defaults.
        channels: the input channels by name.
        model_dir: what is written here becomes the model artifact.
        output_data_dir: for anything else worth keeping, such as reports and plots.
        checkpoints: save and restore the state of the training loop.
        hosts: the names of all hosts of the job, sorted.
        current_host: the name of this one.
    """

    name: str
    hyperparameters: Mapping[str, Any]
    channels: Mapping[str, Channel]
    model_dir: Path
    output_data_dir: Path
    checkpoints: "Checkpoints"
    hosts: Sequence[str]
    current_host: str
    stop_request: StopRequest
    record: "JobRecord"

    @property
    def is_leader(self) -> bool:
        """Whether this is the host that logs metrics and saves the model."""
        return self.current_host == self.hosts[0]

    @property
    def should_stop(self) -> bool:
        """Whether SageMaker asked the job to stop: checkpoint, then return the best model so far.

        Ask at least every few seconds inside the training loop.
        """
        return self.stop_request.arrived

    @property
    def seconds_left(self) -> float | None:
        """Seconds until the job is killed once it was asked to stop, None before."""
        return self.stop_request.seconds_left

    def log_metric(self, name: str, value: float, step: int | None = None) -> None:
        """Print a metric so that SageMaker finds it, and keep its last value for the manifest.

        Only the leader prints, because equal lines of several hosts mislead tuning jobs.
        """
        number = _as_number(name, value)
        self.record.metrics[name] = number
        if not self.is_leader:
            return
        if name not in self.record.declared_metrics and name not in self.record.warned:
            self.record.warned.add(name)
            say(
                f"Metric '{name}' is not declared, so SageMaker does not collect it. "
                f"{did_you_mean(name, self.record.declared_metrics)} Add it to Trainer.metrics."
            )
        print(metric_line(name, number, step), flush=True)

    def describe_input(
        self, X: Any, free_text: Sequence[str] = (), allow_missing: Sequence[str] = ()
    ) -> None:
        """Record what requests must look like: the schema, statistics and a sample of ``X``.

        ``X`` is what ``Predictor.predict`` will get: an array (rows first), a DataFrame,
        or a sequence of texts; rows of the training data do.

        Args:
            free_text: names of text columns that take any text, not only the values seen.
            allow_missing: names of columns that may be missing although none is missing here.
        """
        from framework.schema import InputSchema, learn_statistics, sample_of

        schema = InputSchema.learn(X, free_text=free_text, allow_missing=allow_missing)
        self.record.input = schema
        self.record.statistics = learn_statistics(X)
        self.record.sample = sample_of(X, schema)


class JobRecord:
    """What the job tells the manifest while it runs."""

    def __init__(self, declared_metrics: Collection[str]):
        self.declared_metrics = declared_metrics
        self.warned: set[str] = set()
        self.metrics: dict[str, float] = {}
        self.input: Any = None
        self.statistics: dict[str, Any] = {}
        self.sample: Any = None


def say(message: str) -> None:
    """Print one line of the framework's own into the training log."""
    print(f"[training] {message}", flush=True)


def _as_number(name: str, value: Any) -> float:
    metric_regex(name)  # refuses a name that SageMaker cannot find
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ConfigurationError(
            f"Metric '{name}' must be a number, but log_metric got {type(value).__name__} "
            f"{value!r:.80}."
        ) from None
