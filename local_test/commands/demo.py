"""`demo`: train, serve, ask about held-out rows; then the whole retraining loop."""

import csv
import json
import statistics
import threading
import time
from argparse import Namespace
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from framework.testing import EXIT_KNOWN, EXIT_OK
from local_test import artifact, jobs
from local_test.channels import Channel
from local_test.choice import open_cluster
from local_test.cluster import Cluster
from local_test.commands import loop
from local_test.commands.arguments import pairs, scratch
from local_test.commands.train import training_tables
from local_test.console import Screen, facts, near, table
from local_test.endpoint import Endpoint, EndpointRequest, serving
from local_test.errors import BenchError
from local_test.invocation import invoke_endpoint
from local_test.sample import write_sample
from local_test.training import TrainingJob, TrainingRequest

HELD_OUT = "test"
SHOWN = 8


@dataclass(frozen=True)
class Asked:
    """One held-out row, what the model said, and what is true."""

    row: dict[str, str]
    truth: str
    answer: Any
    seconds: float

    @property
    def predicted(self) -> str:
        return str(self.answer)

    @property
    def right(self) -> bool:
        return self.predicted == self.truth


def run(options: Namespace, screen: Screen) -> int:
    """Train on every sample channel but ``test``, ask its rows one by one, then tell the loop."""
    began = time.monotonic()
    screen = Screen(options.json, logs=False)
    directory = jobs.new_job_directory(options.jobs, "demo")
    with (
        jobs.kept_if_used(directory),
        scratch(options.jobs) as room,
        open_cluster(options, screen, room / "runs") as cluster,
    ):
        screen.say(f"Engine: {cluster.kind}")
        # It takes seconds, for which training leaves a core.
        threading.Thread(target=import_module, args=("local_test.aws.server",), daemon=True).start()
        record, held_out = _train(cluster, directory, options, screen)
        if record["TrainingJobStatus"] != "Completed":
            screen.result(record, training_tables(record))
            return EXIT_KNOWN
        request = EndpointRequest(directory / jobs.MODEL, pairs(options.env, "--env"))
        with serving(request, cluster, room / "opt-ml", screen) as endpoint:
            asked = _ask(endpoint, held_out)
        releases = loop.tell(options, screen, room, cluster.kind, held_out.parent)
    reports = _reports(directory)
    result = {
        "job": str(directory),
        "engine": cluster.kind,
        "rows": len(asked),
        "right": sum(one.right for one in asked),
        "predictions": [{"truth": one.truth, "predicted": one.predicted} for one in asked],
        "reports": [str(path) for path in reports],
        "releases": [asdict(one) for one in releases],
        "seconds": round(time.monotonic() - began, 1),
    }
    tables = [*training_tables(record), _answers(asked), _releases(releases)]
    screen.result(result, [*tables, _summary(result, asked)])
    return EXIT_OK if all(one.as_expected for one in releases) else EXIT_KNOWN


def _train(
    cluster: Cluster, directory: Path, options: Namespace, screen: Screen
) -> tuple[dict[str, Any], Path]:
    """The job's record, and the channel that it did not see."""
    sample = write_sample(cluster, directory / jobs.SAMPLE)
    channels = {path.name: path for path in sample.channels}
    held_out = channels.pop(HELD_OUT, None)
    if held_out is None:
        raise BenchError(
            f"The demo asks about rows of a sample channel named '{HELD_OUT}' that training does "
            f"not see; this algorithm's sample has {', '.join(channels)}. Use train and serve."
        )
    request = TrainingRequest(
        algorithm=jobs.algorithm_name(options.image, options.algorithm),
        channels=tuple(Channel(name, path, "text/csv") for name, path in channels.items()),
        hyperparameters=sample.hyperparameters,
        environment=pairs(options.env, "--env"),
    )
    with screen.waiting("training"):
        record = TrainingJob(request, cluster, directory, screen).run()
    return record, held_out


def _ask(endpoint: Endpoint, held_out: Path) -> list[Asked]:
    """One request per row, as CSV with a header; the column that the model does not know is true.

    Raises:
        BenchError: the channel has another shape, or a request is refused.
    """
    known = artifact.input_columns(endpoint.model)
    rows = [row for path in sorted(held_out.glob("*.csv")) for row in _rows(path)]
    unknown = [name for name in (rows[0] if rows else {}) if name not in known]
    if len(unknown) != 1:
        raise BenchError(
            f"Channel '{HELD_OUT}' must be CSV with a header and, beside the model's columns "
            f"({', '.join(known)}), one more: the truth. It has {', '.join(unknown) or 'none'}."
        )
    truth = unknown[0]
    return [_asked(endpoint, row, truth) for row in rows]


def _asked(endpoint: Endpoint, row: dict[str, str], truth: str) -> Asked:
    given = {name: value for name, value in row.items() if name != truth}
    body = "".join(f"{','.join(line)}\n" for line in (given.keys(), given.values())).encode()
    began = time.monotonic()
    answer = invoke_endpoint(endpoint.client, body, "text/csv", "application/json")
    if answer.error:
        raise BenchError(f"A held-out row was refused: {answer.error['Message']}")
    prediction = json.loads(answer.body)["predictions"][0]
    if isinstance(prediction, dict):
        prediction = prediction.get(truth, prediction)
    return Asked(given, row[truth], prediction, time.monotonic() - began)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _reports(directory: Path) -> list[Path]:
    """The HTML reports that the trainer wrote to its output data."""
    target = directory / "output"
    artifact.unpack(directory / "output.tar.gz", target)
    return sorted(target.rglob("*.html"))


def _answers(asked: list[Asked]) -> Any:
    """A few rows, the wrong ones first."""
    shown = sorted(asked, key=lambda one: one.right)[:SHOWN]
    columns = [", ".join(shown[0].row), "truth", "predicted", ""]
    rows = [
        (
            ", ".join(value or "-" for value in one.row.values()),
            one.truth,
            one.predicted,
            _mark(one),
        )
        for one in shown
    ]
    return table(f"{len(shown)} of {len(asked)} held-out rows, wrong ones first", columns, rows)


def _mark(one: Asked) -> str:
    return "right" if one.right else "wrong"


def _releases(releases: list[loop.Release]) -> Any:
    """What became of every run of the retraining loop."""
    rows = [(one.data, one.outcome, one.endpoint, f"{one.seconds:.0f} s") for one in releases]
    return table(
        "Retraining and pushes", ["what is new", "what became of it", "endpoint", "took"], rows
    )


def _summary(result: dict[str, Any], asked: list[Asked]) -> Any:
    milliseconds = 1000 * statistics.median(one.seconds for one in asked)
    shown = {
        "right": f"{result['right']} of {result['rows']}",
        "median answer": f"{milliseconds:.1f} ms",
        "training report": ", ".join(map(near, result["reports"])) or "none",
        "engine": result["engine"],
        "total": f"{result['seconds']} s",
    }
    return facts("Demo", shown)
