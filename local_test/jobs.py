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


def find_model(jobs: Path, model: str | None) -> Path:
    """The model.tar.gz that ``model`` means: an archive, a job's name, or the newest job's.

    Raises:
        BenchError: there is none.
    """
    if model is not None:
        for path in (Path(model), jobs / model / "model.tar.gz"):
            if path.is_file():
                return path.resolve()
        raise BenchError(f"'{model}' is neither a model.tar.gz nor a job in {jobs}. {_known(jobs)}")
    archives = sorted(jobs.glob("*/model.tar.gz"), key=lambda path: path.stat().st_mtime)
    if not archives:
        raise BenchError(
            f"No job in {jobs} has a model. Run `python -m local_test train` first, "
            "or name a model.tar.gz with --model."
        )
    return archives[-1].resolve()


def _known(jobs: Path) -> str:
    names = sorted(path.parent.name for path in jobs.glob("*/model.tar.gz"))
    return f"Jobs with a model: {', '.join(names[-5:])}." if names else "No job there has a model."
