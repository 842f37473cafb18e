"""`batch`: one transform job."""

from argparse import Namespace
from dataclasses import asdict

from framework.testing import EXIT_KNOWN, EXIT_OK
from local_test import endpoint as endpoints
from local_test import jobs
from local_test.choice import open_cluster
from local_test.commands.arguments import pairs, scratch
from local_test.console import Screen, facts, table
from local_test.errors import BenchError
from local_test.transform import ObjectResult, TransformJob, TransformRequest


def run(options: Namespace, screen: Screen) -> int:
    """Transform every object; exit code 1 when one of them failed."""
    algorithm = jobs.algorithm_name(options.image, options.algorithm)
    model = jobs.find_model(options.jobs, options.model, algorithm)
    if not options.input.exists():
        raise BenchError(f"--input {options.input}: there is no such file or directory.")
    asked = _request(options)
    directory = jobs.new_job_directory(options.jobs, "transform", options.job_name)
    target = options.output or directory / "output"
    environment = {**asked.environment(), **pairs(options.env, "--env")}
    request = endpoints.EndpointRequest(model, environment, options.startup_seconds)
    with (
        jobs.kept_if_used(directory),
        scratch(options.jobs) as room,
        open_cluster(options, screen, room / "runs") as cluster,
        endpoints.serving(request, cluster, room / "opt-ml", screen) as endpoint,
    ):
        settled = asked.settled(endpoint.client)
        results = TransformJob(settled, endpoint.client, screen).run(options.input, target)
        log = directory / "transform.log"
        log.write_text(endpoint.run.log(), encoding="utf-8")
    record = _record(directory.name, settled, results)
    jobs.write_record(directory, record)
    status = record["TransformJobStatus"]
    screen.status(status, record["FailureReason"])
    shown = {"status": status, "output": target, "log": log, **record["Settings"]}
    screen.result(record, [_table(results), facts(directory.name, shown)])
    return EXIT_OK if status == "Completed" else EXIT_KNOWN


def _request(options: Namespace) -> TransformRequest:
    return TransformRequest(
        content_type=options.content_type,
        accept=options.accept or "",
        split_type=options.split_type,
        strategy=options.strategy,
        assemble_with=options.assemble_with,
        join_source=options.join_source,
        input_filter=options.input_filter,
        output_filter=options.output_filter,
        max_payload_mb=options.max_payload_mb,
        max_concurrent=options.max_concurrent,
        timeout=options.timeout,
        retries=options.retries,
    )


def _record(name: str, request: TransformRequest, results: list[ObjectResult]) -> dict:
    """What DescribeTransformJob would say, and each object's fate."""
    failed = [result for result in results if result.error]
    reason = f"{failed[0].fault}: {failed[0].name}: {failed[0].error}" if failed else ""
    return {
        "TransformJobName": name,
        "TransformJobStatus": "Failed" if failed else "Completed",
        "FailureReason": reason[:1024],
        "Settings": {
            "BatchStrategy": request.strategy,
            "MaxPayloadInMB": request.max_payload_mb,
            "MaxConcurrentTransforms": request.max_concurrent,
            "SplitType": request.split_type,
            "AssembleWith": request.assemble_with,
        },
        "Objects": [asdict(result) for result in results],
    }


def _table(results: list[ObjectResult]):
    rows = [
        (
            result.name,
            "Failed" if result.error else "Completed",
            result.records,
            result.requests,
            result.retried,
            result.error or result.output,
        )
        for result in results
    ]
    return table("", ["object", "status", "records", "requests", "retried", "output"], rows)
