"""The algorithm's own sample job, written by the algorithm where it runs."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_test.cluster import Cluster
from local_test.errors import BenchError

HOST = "algo-1"
SECONDS = 300

# Runs with the algorithm's packages, in a container or a process: they need not be installed here.
WRITER = """
import json, shutil, sys, tempfile
from pathlib import Path
from framework.algorithm import Algorithm
from framework.testing.subject import Subject
target = Path(sys.argv[1])
algorithm = Algorithm.load()
with tempfile.TemporaryDirectory() as scratch:
    subject = Subject.of(algorithm, Path(scratch))
    for name, source in subject.channels.items():
        shutil.copytree(source, target / "channels" / name)
if subject.replies and subject.replies.is_file():
    shutil.copy(subject.replies, target / subject.replies.name)
job = {"hyperparameters": subject.hyperparameters, "start_seconds": subject.start_seconds,
       "stop_seconds": subject.stop_seconds, "replies_name": algorithm.file.sample.replies}
(target / "sample.json").write_text(json.dumps(job))
"""


@dataclass(frozen=True)
class Sample:
    """A small job: one directory per channel, hyperparameters, and the limits of `check`.

    Attributes:
        replies_name: what ``[sample] replies`` names in the algorithm's directory; may be empty.
    """

    directory: Path
    hyperparameters: Mapping[str, Any]
    start_seconds: float
    stop_seconds: float
    replies_name: str

    @property
    def channels(self) -> tuple[Path, ...]:
        return tuple(sorted((self.directory / "channels").iterdir()))

    @property
    def replies(self) -> Path | None:
        """A copy of the sample replies, absent while there are none; None when none are named."""
        return self.directory / Path(self.replies_name).name if self.replies_name else None


def write_sample(cluster: Cluster, directory: Path) -> Sample:
    """Let the algorithm fill ``directory`` with what ``[sample]`` in algorithm.toml declares.

    Raises:
        BenchError: it declares none, or its function failed.
    """
    directory.mkdir(parents=True)
    engine = cluster.engine(HOST)
    run = engine.start(["python", "-c", WRITER, str(engine.path_inside(directory))], directory)
    try:
        code = run.wait(SECONDS)
    except TimeoutError:
        code = None
    finally:
        run.kill()
    if code != 0:
        cause = (run.log().strip().splitlines() or [f"no answer within {SECONDS} s"])[-1]
        shutil.rmtree(directory, ignore_errors=True)
        raise BenchError(
            f"The algorithm's own sample cannot be had: {cause.rstrip('.')}. "
            "Name the input with --channel NAME=PATH."
        )
    job = json.loads((directory / "sample.json").read_text(encoding="utf-8"))
    return Sample(directory, **job)
