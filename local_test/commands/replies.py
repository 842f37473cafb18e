"""`replies`: writes down what the served sample answers, so that a change of it is reviewed."""

from argparse import Namespace
from pathlib import Path

from framework.testing import EXIT_KNOWN, EXIT_OK
from framework.testing.replies import SampleReplies, SampleRequest, changes, record
from local_test import jobs
from local_test.channels import Channel
from local_test.choice import open_cluster
from local_test.cluster import Cluster
from local_test.commands.arguments import pairs, scratch
from local_test.commands.train import training_tables
from local_test.console import Screen, near, table
from local_test.endpoint import Endpoint, EndpointRequest, serving
from local_test.errors import BenchError
from local_test.sample import Sample, write_sample
from local_test.training import TrainingJob, TrainingRequest


def run(options: Namespace, screen: Screen) -> int:
    """Train the sample, ask its server, and write the algorithm's sample replies."""
    screen = Screen(options.json, logs=False)
    environment = pairs(options.env, "--env")
    with (
        scratch(options.jobs) as room,
        open_cluster(options, screen, room / "runs") as cluster,
    ):
        sample = _declaring_sample(cluster, room, options.algorithm)
        request = TrainingRequest(
            algorithm=jobs.algorithm_name(None, options.algorithm),
            channels=tuple(Channel(path.name, path, "text/csv") for path in sample.channels),
            hyperparameters=sample.hyperparameters,
            environment=environment,
        )
        job = room / "training-job"
        with screen.waiting("training"):
            trained = TrainingJob(request, cluster, job, screen).run()
        if trained["TrainingJobStatus"] != "Completed":
            screen.result(trained, training_tables(trained))
            return EXIT_KNOWN
        model = EndpointRequest(job / jobs.MODEL, environment)
        with serving(model, cluster, room / "opt-ml", screen) as endpoint:
            answered = _answered(endpoint)
    path = options.algorithm / sample.replies_name
    found = _update(path, answered)
    screen.result(
        {"file": str(path), "changes": found},
        [table(near(str(path.resolve())), ["what changed"], [[change] for change in found])],
    )
    return EXIT_OK


def _declaring_sample(cluster: Cluster, room: Path, algorithm: Path) -> Sample:
    sample = write_sample(cluster, room / jobs.SAMPLE)
    if not sample.replies_name:
        raise BenchError(
            f"{algorithm / 'algorithm.toml'} names no file for sample replies. Add "
            'replies = "replies.json" to its [sample].'
        )
    return sample


def _answered(endpoint: Endpoint) -> SampleReplies:
    asked = endpoint.sample()
    if asked is None:
        raise BenchError(
            "The model has no sample request to ask. Call job.describe_input(X) in train."
        )
    body, content_type = asked
    return record(endpoint.client, SampleRequest(content_type=content_type, body=body.decode()))


def _update(path: Path, answered: SampleReplies) -> list[str]:
    """Write the file where it differs, and return what is new, one sentence each."""
    before = SampleReplies.read(path) if path.is_file() else None
    if before == answered:
        return ["Nothing."]
    answered.write(path)
    if before is None:
        return [f"The file is new, with {', '.join(answered.replies)}."]
    found = [f"{change}." for change in changes(before, answered)]
    if before.request != answered.request:
        found.insert(0, "The request is another.")
    return found or ["Values are others; the form is the same."]
