"""What each command does; local_test.options reads their arguments."""

import json
import random
import shutil
import sys
import tempfile
import time
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from framework.testing import Client
from local_test import endpoint as endpoints
from local_test import jobs
from local_test.artifact import sample_request
from local_test.channels import Channel, parse_channel
from local_test.choice import open_cluster
from local_test.cluster import Cluster
from local_test.console import Screen, facts, table
from local_test.errors import BenchError
from local_test.invoke import Answer, invoke_endpoint, stripped
from local_test.sample import write_sample
from local_test.training import TrainingJob, TrainingRequest

SHORTEST_SPOT_SECONDS, LONGEST_SPOT_SECONDS = 1.0, 10.0
PROBE_SECONDS = 5.0


def train(options: Namespace, screen: Screen) -> int:
    """Run one training job; exit code 1 when it failed."""
    stem = options.image or options.algorithm.resolve().name
    directory = jobs.new_job_directory(options.jobs, stem, options.job_name)
    with (
        scratch(options.jobs) as room,
        open_cluster(options, screen, room) as cluster,
    ):
        request = training_request(options, cluster, directory)
        record = TrainingJob(request, cluster, directory, screen).run()
    for remark in record["Warnings"]:
        screen.warn(remark)
    screen.result(record, training_tables(record))
    return 1 if record["TrainingJobStatus"] == "Failed" else 0


def serve(options: Namespace, screen: Screen) -> int:
    """Keep an endpoint running until Ctrl-C, or until its container ends."""
    model = jobs.find_model(options.jobs, options.model)
    request = endpoints.EndpointRequest(model, pairs(options.env, "--env"), options.startup_seconds)
    with (
        scratch(options.jobs) as room,
        open_cluster(options, screen, room / "runs") as cluster,
        endpoints.serving(request, cluster, room / "opt-ml", screen) as endpoint,
        endpoints.Register(options.jobs).entry(endpoint),
    ):
        facts_shown = {
            "endpoint": endpoint.url,
            "model": str(model),
            "engine": cluster.kind,
            "ready_seconds": round(endpoint.ready_seconds, 2),
        }
        screen.result(facts_shown, [facts("Endpoint", facts_shown)])
        screen.say(f"Try: python -m local_test invoke --sample --jobs {options.jobs}")
        screen.say(f"     curl {endpoint.url}/ping -i")
        screen.say("Ctrl-C stops it.")
        _watch(endpoint, screen)
    return 1


def invoke(options: Namespace, screen: Screen) -> int:
    """Send one request; exit code 1 when the client of SageMaker would get an error."""
    url, model = (options.url, None) if options.url else endpoints.Register(options.jobs).find()
    body, content_type = _request_body(options, model)
    headers = pairs(options.header, "--header")
    _, dropped = stripped(headers)
    if dropped:
        screen.warn(f"SageMaker strips these headers: {', '.join(dropped)}.")
    started = time.monotonic()
    answer = invoke_endpoint(client_of(url), body, content_type, options.accept, headers)
    seconds = time.monotonic() - started
    if options.output and not answer.error:
        options.output.write_bytes(answer.body)
    screen.result(_answer_data(answer, seconds), [_answer_table(answer, seconds)])
    return 1 if answer.error else 0


def training_request(options: Namespace, cluster: Cluster, directory: Path) -> TrainingRequest:
    """The job that the command line describes; the algorithm's own sample by default."""
    channels = [
        parse_channel(text, options.shard, options.channel_type) for text in options.channel
    ]
    hyperparameters: dict[str, Any] = _hyperparameters(options)
    if not channels:
        sample = write_sample(cluster, directory / "sample")
        channels = [
            Channel(path.name, path, "text/csv", path.name in options.shard)
            for path in sample.channels
        ]
        hyperparameters = {**sample.hyperparameters, **hyperparameters}
    unknown = set(options.shard) - {channel.name for channel in channels}
    if unknown:
        raise BenchError(
            f"--shard {', '.join(sorted(unknown))}: there is no such channel. "
            f"Channels: {', '.join(channel.name for channel in channels)}."
        )
    interruptions = _interruptions(options)
    checkpoints = options.checkpoints
    if interruptions and checkpoints is None:
        checkpoints = directory / "checkpoints"
    return TrainingRequest(
        channels=tuple(channels),
        hyperparameters=hyperparameters,
        spelling="quoted" if options.quoted else "raw",
        input_mode=options.input_mode,
        hosts=options.hosts,
        environment=pairs(options.env, "--env"),
        checkpoints=checkpoints.resolve() if checkpoints else None,
        max_runtime=options.max_runtime,
        interruptions=interruptions,
    )


def training_tables(record: dict[str, Any]) -> list[Any]:
    """The tables at the end of a training job."""
    shown = {
        "status": record["TrainingJobStatus"],
        "FailureReason": record["FailureReason"],
        "model": record["ModelArtifacts"],
        "output": record["Output"],
        "logs": ", ".join(record["Logs"]),
        "seconds": record["TrainingTimeInSeconds"],
        "interruptions": record["Interruptions"] or "",
    }
    present = {name: value for name, value in shown.items() if value != ""}
    tables = [facts(record["TrainingJobName"], present)]
    if metrics := record["FinalMetrics"]:
        rows = [(name, f"{value:.6g}") for name, value in metrics.items()]
        tables.append(table("Final metrics", ["metric", "value"], rows))
    return tables


def client_of(url: str) -> Client:
    """A client for ``http://HOST:PORT``."""
    host, _, port = url.removeprefix("http://").rstrip("/").rpartition(":")
    if not (host and port.isdigit()):
        raise BenchError(f"--url {url}: write http://HOST:PORT.")
    return Client(host, int(port))


def pairs(arguments: Sequence[str], option: str) -> dict[str, str]:
    """NAME=VALUE arguments as a mapping."""
    parsed = {}
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if not (name and equals):
            raise BenchError(f"{option} {argument}: write NAME=VALUE.")
        parsed[name] = value
    return parsed


@contextmanager
def scratch(jobs_directory: Path) -> Iterator[Path]:
    """A directory that is gone afterwards; beside the jobs, where a container engine can see it."""
    jobs_directory.mkdir(parents=True, exist_ok=True)
    room = Path(tempfile.mkdtemp(prefix=".scratch-", dir=jobs_directory.resolve()))
    try:
        yield room
    finally:
        shutil.rmtree(room, ignore_errors=True)


def _hyperparameters(options: Namespace) -> dict[str, Any]:
    """Raw values stay as typed; to be quoted, a value must first be what the SDK user wrote."""
    given = pairs(options.hyperparameter, "--hyperparameter")
    return {name: _json_or_text(text) for name, text in given.items()} if options.quoted else given


def _json_or_text(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _interruptions(options: Namespace) -> tuple[float, ...]:
    """Seconds of training before each Spot interruption."""
    moments = options.spot_kill_after or []
    count = options.spot_kills or len(moments)
    if not moments:
        return tuple(
            random.uniform(SHORTEST_SPOT_SECONDS, LONGEST_SPOT_SECONDS) for _ in range(count)
        )
    return tuple(moments[number % len(moments)] for number in range(count))


def _request_body(options: Namespace, model: Path | None) -> tuple[bytes, str]:
    if options.body is not None:
        return options.body.encode(), options.content_type
    if options.file is not None:
        if str(options.file) == "-":
            return sys.stdin.buffer.read(), options.content_type
        try:
            return options.file.read_bytes(), options.content_type
        except OSError as error:
            raise BenchError(f"--file {options.file} cannot be read: {error.strerror}.") from None
    sample = sample_request(model) if model else None
    if sample is None:
        raise BenchError(
            "There is no sample request to send: the model's manifest.json has none, or is not "
            "here. Send a request with --body or --file."
        )
    return sample


def _answer_data(answer: Answer, seconds: float) -> dict[str, Any]:
    return {
        "status": answer.status,
        "seconds": round(seconds, 4),
        "headers": dict(answer.headers),
        "body": answer.body.decode("utf-8", errors="backslashreplace"),
        "error": dict(answer.error),
    }


def _answer_table(answer: Answer, seconds: float) -> Any:
    shown: dict[str, Any] = {"status": answer.status, "seconds": f"{seconds:.3f}"}
    shown.update(answer.headers)
    shown.update(answer.error or {"body": _answer_data(answer, seconds)["body"]})
    return facts("InvokeEndpoint", shown)


def _watch(endpoint: endpoints.Endpoint, screen: Screen) -> None:
    """Show the log and keep probing /ping, until the container ends."""
    shown, healthy, probed = 0, True, 0.0
    while endpoint.run.exit_code is None:
        text = endpoint.run.log()[shown:]
        shown += len(text)
        for line in text.splitlines():
            screen.say(line)
        if time.monotonic() - probed >= PROBE_SECONDS:
            probed = time.monotonic()
            healthy = _probe(endpoint, healthy, screen)
        time.sleep(0.2)


def _probe(endpoint: endpoints.Endpoint, was_healthy: bool, screen: Screen) -> bool:
    try:
        status = str(endpoint.client.ping().status)
    except OSError as error:
        status = f"{type(error).__name__}: {error}"
    healthy = status == "200"
    if was_healthy and not healthy:
        screen.warn(f"/ping no longer says 200 within 2 s ({status}); SageMaker would replace it.")
    return healthy
