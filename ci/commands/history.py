"""`history`: every release and what it was made of; `--again` makes one again."""

import json
from argparse import Namespace
from typing import Any

from ci.client import client, saying
from ci.commands.run import follow
from ci.deployment import Deployment
from ci.errors import EXIT_OK, CiError
from ci.lineage import Lineage


def run(options: Namespace) -> int:
    """Print the releases, the newest first, or make one again from the same things."""
    deployment = Deployment.of(options.environment)
    bucket = deployment.outputs("foundation")["ArtifactBucket"]
    records = Lineage(deployment.setting()).released()
    if options.again:
        return _again(deployment, bucket, records, options.again, options.json)
    if options.json:
        print(json.dumps(records, indent=2))
        return EXIT_OK
    for one in records:
        metric = (one["evaluation"] or {}).get("metric", {})
        value = f"{metric['name']} {metric['value']:.4g}" if metric else ""
        objects = sum(map(len, one["data_versions"].values()))
        print(f"{one['time']}  {one['release']}  {value}")
        kind = one.get("kind", "run")
        print(f"  {kind}  image {one['image'].rpartition('@')[2]}  commit {one['commit'] or '?'}")
        print(f"  {objects} data objects  hyperparameters {json.dumps(one['hyperparameters'])}")
    return EXIT_OK


def _again(
    deployment: Deployment, bucket: str, records: list[dict[str, Any]], name: str, as_json: bool
) -> int:
    """A run with the same image, hyperparameters and versions of the data, copied for it."""
    record = next((one for one in records if name in (one["run"], one["release"])), None)
    if record is None:
        known = ", ".join(one["run"] for one in records) or "none"
        raise CiError(f"There is no release of a run '{name}'. There are runs: {known}.")
    data = {
        channel: _restored(deployment, bucket, record, channel, versions)
        for channel, versions in record["data_versions"].items()
    }
    given = {
        "cause": f"{record['run']} again",
        "image": record["image"],
        "hyperparameters": record["hyperparameters"],
        "data": data,
    }
    machine = deployment.outputs("retraining")["StateMachineArn"]
    with saying("starting the run again"):
        started = client("stepfunctions", deployment.region).start_execution(
            stateMachineArn=machine, input=json.dumps(given)
        )
    return follow(deployment, started["executionArn"], as_json)


def _restored(
    deployment: Deployment,
    bucket: str,
    record: dict[str, Any],
    channel: str,
    versions: list[dict[str, Any]],
) -> str:
    """A prefix with exactly those versions of a channel's objects."""
    s3 = client("s3", deployment.region)
    target = f"runs/{record['run']}/again/{channel}/"
    original = record["data"][channel]
    with saying(f"restoring channel {channel}"):
        for one in versions:
            source = {"Bucket": bucket, "Key": one["key"], "VersionId": one["version"]}
            key = target + one["key"].removeprefix(original)
            s3.copy_object(Bucket=bucket, Key=key, CopySource=source)
    return target
