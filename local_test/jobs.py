"""Jobs on disk: one directory each, with what S3 and DescribeTrainingJob would hold."""

import json
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from local_test.errors import BenchError

JOBS_DIRECTORY = Path("build/jobs")
RECORD = "job.json"
SAMPLE = "sample"
MODEL = "model.tar.gz"
NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")


def new_job_directory(jobs: Path, stem: str, name: str | None = None) -> Path:
    """Create the directory of a new job, named ``name`` or ``stem`` and the time.

    Raises:
        BenchError: SageMaker would refuse the name, or the job exists.
    """
    if name is None:
        stem = re.sub(r"[^a-zA-Z0-9]+", "-", stem).strip("-")[:40] or "job"
        name = f"{stem}-{time.strftime('%Y%m%d-%H%M%S')}-{time.time_ns() // 1000 % 10**6:06}"
    if not NAME.fullmatch(name):
        raise BenchError(
            f"'{name}' is no job name: SageMaker allows up to 63 letters, digits and hyphens."
        )
    directory = (jobs / name).resolve()
    try:
        directory.mkdir(parents=True)
    except FileExistsError:
        raise BenchError(
            f"There is a job '{name}' in {jobs}. Choose another name, or remove {directory}."
        ) from None
    return directory


@contextmanager
def kept_if_used(directory: Path) -> Iterator[None]:
    """Remove the directory again when the job came to nothing."""
    try:
        yield
    finally:
        if {path.name for path in directory.iterdir()} <= {SAMPLE}:
            shutil.rmtree(directory)


def write_record(directory: Path, record: dict[str, Any]) -> None:
    """Write what DescribeTrainingJob would say."""
    (directory / RECORD).write_text(
        json.dumps(record, indent=2, default=str) + "\n", encoding="utf-8"
    )


def find_model(jobs: Path, model: str | None, algorithm: str) -> Path:
    """The model.tar.gz that ``model`` means: an archive, a job's name, or, when it is None, the
    newest one that a job of ``algorithm`` left.

    Raises:
        BenchError: there is none.
    """
    if model is not None:
        for path in (Path(model), jobs / model / MODEL):
            if path.is_file():
                return path.resolve()
        raise BenchError(f"'{model}' is neither a model.tar.gz nor a job in {jobs}. {_known(jobs)}")
    archives = [path for path in jobs.glob(f"*/{MODEL}") if _algorithm_of(path) == algorithm]
    if not archives:
        raise BenchError(
            f"No job of {algorithm} in {jobs} has a model. Run `python -m local_test train` first, "
            f"or name a model.tar.gz or a job with --model. {_known(jobs)}"
        )
    return max(archives, key=lambda path: path.stat().st_mtime).resolve()


def algorithm_name(image: str | None, directory: Path) -> str:
    """What a job's record calls its algorithm: the image, or the directory in full."""
    return image or str(directory.resolve())


def _algorithm_of(model: Path) -> str:
    record = model.with_name(RECORD)
    if not record.is_file():
        return ""
    return json.loads(record.read_text(encoding="utf-8")).get("Algorithm", "")


def _known(jobs: Path) -> str:
    names = sorted(path.parent.name for path in jobs.glob(f"*/{MODEL}"))
    return f"Jobs with a model: {', '.join(names[-5:])}." if names else "No job there has a model."
