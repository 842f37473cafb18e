"""Explains why training failed, in the characters that SageMaker shows.

SageMaker makes the first 1,024 characters of output/failure the job's FailureReason, so the
file begins with one line that names the cause and the way out; the traceback follows.
"""

import errno
import os
import resource
import shutil
import signal
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from framework.cgroup import ControlGroup, MemoryUse, memory_limit
from framework.errors import (
    EXIT_INTERRUPTED,
    EXIT_KNOWN,
    EXIT_UNEXPECTED,
    FrameworkError,
)
from framework.layout import Layout

LINE_LIMIT = 1000
FILE_LIMIT = 8192
RESERVE = "failure.reserve"
SCRATCH = Path("/tmp")  # noqa: S108  the contract's scratch directory; only asked for its size

DISK_ADVICE = (
    "Write less, keep fewer checkpoints, or raise VolumeSizeInGB in the job's ResourceConfig."
)
MEMORY_ADVICE = (
    "Choose an instance type with more memory, or hold less data at once (fewer columns, smaller "
    "types, fewer parallel workers)."
)
IMPORT_ADVICE = "Add the package to the algorithm's requirements and build the image again."


@dataclass(frozen=True)
class Failure:
    """A failure as it is shown.

    Attributes:
        line: the cause and the way out, at most 1,000 characters.
        exit_code: of the process, as framework.errors lists them.
        details: the traceback, "" when there is none.
    """

    line: str
    exit_code: int
    details: str = ""


class FailureFile:
    """output/failure of one run.

    Room for it is reserved while the job runs, so that it can be written to a full disk.
    """

    def __init__(self, layout: Layout):
        self.path = layout.failure
        self._reserve = layout.output / RESERVE

    def prepare(self) -> None:
        """Remove the file of an earlier run and reserve the room."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.unlink(missing_ok=True)
        self._reserve.write_bytes(b"\0" * FILE_LIMIT)

    def release(self) -> None:
        """Give the room back."""
        self._reserve.unlink(missing_ok=True)

    def write(self, failure: Failure) -> None:
        """Write the failure, unless the algorithm has written the file itself."""
        if failure.details:
            print(failure.details, file=sys.stderr)
        print(failure.line, file=sys.stderr, flush=True)
        try:
            self.release()
            if not self.path.exists():
                self.path.write_bytes(_file_content(failure))
        except OSError as error:
            print(f"{self.path} cannot be written: {error}", file=sys.stderr, flush=True)


def explain(
    error: BaseException, layout: Layout, before: MemoryUse, algorithm: Path | None = None
) -> Failure:
    """Explain an exception that ended training.

    Args:
        error: the exception.
        layout: where the job's directories are.
        before: the memory evidence when the job started.
        algorithm: the algorithm's directory, when its code may be in the traceback.
    """
    chain = list(_chain(error))
    full = next((e for e in chain if isinstance(e, OSError) and _disk_is_full(e)), None)
    memory = ControlGroup().memory()
    killed = memory.kills - before.kills
    said, advice, exit_code = f"{type(error).__name__}: {error}", "", EXIT_UNEXPECTED
    if isinstance(error, KeyboardInterrupt):
        return Failure("Interrupted from the keyboard (SIGINT).", EXIT_INTERRUPTED)
    if full is not None:
        said, advice, exit_code = _full_disk(full, layout), DISK_ADVICE, EXIT_KNOWN
    elif killed or any(isinstance(e, MemoryError) for e in chain):
        cause = f"{said}: the kernel killed {killed} of its processes" if killed else said
        said, advice, exit_code = (
            _with_amounts(cause, memory, _own_peak()),
            MEMORY_ADVICE,
            EXIT_KNOWN,
        )
    elif isinstance(error, FrameworkError):
        exit_code = EXIT_KNOWN
    elif isinstance(error, ImportError):
        advice, exit_code = IMPORT_ADVICE, EXIT_KNOWN
    elif isinstance(error, OSError) and error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        advice = (
            f"This job runs as user {os.getuid()}; it may write to {layout.model}, "
            f"{layout.output}, {layout.checkpoints} and {SCRATCH}, if they let this user."
        )
    elif isinstance(error, SystemExit):
        said = f"The algorithm called sys.exit({error.code!r}) before train returned a model"
        advice = "Return the model, or raise an exception that says what is wrong."
    place = _place(chain, algorithm) if algorithm else ""
    ours = isinstance(error, FrameworkError) and not place  # which says all that there is to say
    details = "" if ours else "".join(traceback.format_exception(error))
    return Failure(_one_line(said, place, advice), exit_code, details)


def explain_ending(
    process: str, code: int, peak_rss: int, before: MemoryUse, after: MemoryUse
) -> Failure:
    """Explain a process that ended without a word.

    Args:
        process: what ended, as the start of a sentence.
        code: its exit code, or minus the number of the signal that killed it.
        peak_rss: the most memory that it had, in bytes.
        before: the memory evidence before it started.
        after: the memory evidence now.
    """
    if after.kills > before.kills:
        killed = f"TrainingInterrupted: {process} was killed by the kernel for memory"
        return Failure(
            _one_line(_with_amounts(killed, after, peak_rss), "", MEMORY_ADVICE), EXIT_KNOWN
        )
    if code == -signal.SIGKILL:
        return Failure(
            f"TrainingInterrupted: {process} was killed by SIGKILL, and not for the container's "
            f"memory limit ({_amounts(after, peak_rss)}): something outside the container, or the "
            "algorithm itself, sent the signal. Look for os.kill in the code; run the job again.",
            EXIT_KNOWN,
        )
    if code < 0:
        name = signal.Signals(-code).name
        return Failure(
            f"{process} crashed with {name} in native code. The log shows the Python stack at that "
            "moment; check the versions of the packages with native code in it.",
            EXIT_UNEXPECTED,
        )
    return Failure(
        f"{process} ended with exit code {code} without raising an exception. Look for os._exit "
        "or a native library that exits; raise an exception instead.",
        EXIT_UNEXPECTED,
    )


def out_of_time(process: str, seconds: float) -> Failure:
    """Explain a process that was killed because it did not stop in time."""
    return Failure(
        f"TrainingInterrupted: {process} was still running {seconds:.3g} s after SIGTERM and was "
        "killed, so there is no new model. Ask job.should_stop in the training loop every few "
        "seconds, save a checkpoint, and return the best model so far; job.seconds_left says how "
        "long is left.",
        EXIT_KNOWN,
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The exception and those that led to it."""
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _place(chain: list[BaseException], algorithm: Path) -> str:
    """The deepest frame of the algorithm's own code, such as " (trainer.py:42 in train)"."""
    for error in chain:
        for frame in reversed(traceback.extract_tb(error.__traceback__)):
            path = Path(frame.filename)
            if path.is_relative_to(algorithm):
                return f" ({path.relative_to(algorithm)}:{frame.lineno} in {frame.name})"
    return ""


def _disk_is_full(error: OSError) -> bool:
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def _full_disk(error: OSError, layout: Layout) -> str:
    """What is full: the file's own directory, else the fullest of those a job writes to."""
    if isinstance(error.filename, str) and Path(error.filename).parent.is_dir():
        candidates = [Path(error.filename).parent]
    else:
        candidates = [layout.model, layout.output, layout.checkpoints, SCRATCH, Path.cwd()]
    usage = {path: shutil.disk_usage(path) for path in candidates if path.is_dir()}
    fullest = min(usage, key=lambda path: usage[path].free)
    sizes = f"{_bytes(usage[fullest].total)} in all, {_bytes(usage[fullest].free)} free"
    return f"The disk is full: no space left on the device of {fullest} ({sizes})"


def _with_amounts(cause: str, memory: MemoryUse, peak_rss: int) -> str:
    return f"{cause.rstrip('.: ')} ({_amounts(memory, peak_rss)})"


def _amounts(memory: MemoryUse, peak_rss: int) -> str:
    """Limit and peak of the container, or of the machine and the process where it has no limit."""
    if memory.limit is None:
        return f"no limit but the machine's {_bytes(memory_limit())}, peak {_bytes(peak_rss)}"
    return f"limit {_bytes(memory.limit)}, peak {_bytes(memory.peak or peak_rss)}"


def _own_peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _bytes(count: float) -> str:
    for unit in ("B", "KB", "MB"):
        if count < 1024:
            return f"{count:.3g} {unit}"
        count /= 1024
    return f"{count:.3g} GB"


def _one_line(said: str, place: str, advice: str) -> str:
    """One line within the limit; too long a message loses its middle, so that both ends stay."""
    said = " ".join(said.split()).rstrip(".: ")
    ending = f"{place}. {advice}".rstrip()
    room = LINE_LIMIT - len(ending)
    if len(said) > room:
        head = room * 2 // 3
        said = f"{said[:head]} … {said[-(room - head - 3) :]}"
    return said + ending


def _file_content(failure: Failure) -> bytes:
    line = failure.line.encode(errors="replace") + b"\n"
    details = failure.details.encode(errors="replace")
    room = FILE_LIMIT - len(line) - 1
    return line + (b"\n" + details[-room:] if details else b"")
