"""`train`: one training job."""

import json
import random
from argparse import Namespace
from pathlib import Path
from typing import Any

from framework.testing import EXIT_KNOWN, EXIT_OK
from local_test import jobs
from local_test.channels import Channel, parse_channel
from local_test.choice import open_cluster
from local_test.cluster import Cluster
from local_test.commands.arguments import pairs, scratch
from local_test.console import Screen, facts, near, table
from local_test.errors import BenchError
from local_test.sample import write_sample
from local_test.training import TrainingJob, TrainingRequest

SHORTEST_SPOT_SECONDS, LONGEST_SPOT_SECONDS = 1.0, 10.0


def run(options: Namespace, screen: Screen) -> int:
    """Run one training job; exit code 1 when it failed."""
    stem = options.image or options.algorithm.resolve().name
    directory = jobs.new_job_directory(options.jobs, stem, options.job_name)
    with (
        jobs.kept_if_used(directory),
        scratch(options.jobs) as room,
        open_cluster(options, screen, room) as cluster,
    ):
        request = training_request(options, cluster, directory)
        record = TrainingJob(request, cluster, directory, screen).run()
    for remark in record["Warnings"]:
        screen.warn(remark)
    screen.result(record, training_tables(record))
    return EXIT_KNOWN if record["TrainingJobStatus"] == "Failed" else EXIT_OK


def training_request(options: Namespace, cluster: Cluster, directory: Path) -> TrainingRequest:
    """The job that the command line describes; the algorithm's own sample by default."""
    channels = [
        parse_channel(text, options.shard, options.channel_type) for text in options.channel
    ]
    hyperparameters: dict[str, Any] = _hyperparameters(options)
    if not channels:
        sample = write_sample(cluster, directory / jobs.SAMPLE)
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
        algorithm=jobs.algorithm_name(options.image, options.algorithm),
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
        "model": near(record["ModelArtifacts"]),
        "output": near(record["Output"]),
        "logs": ", ".join(map(near, record["Logs"])),
        "seconds": record["TrainingTimeInSeconds"],
        "interruptions": record["Interruptions"] or "",
    }
    present = {name: value for name, value in shown.items() if value != ""}
    tables = [facts(record["TrainingJobName"], present)]
    if metrics := record["FinalMetrics"]:
        rows = [(name, f"{value:.6g}") for name, value in metrics.items()]
        tables.append(table("Final metrics", ["metric", "value"], rows))
    return tables


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
