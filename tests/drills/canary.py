"""The canary drill: clients count which fleet answers them while deployments run.

    python -m tests.drills.canary --requests 5000 --clients 4 --shares 10,30,50

For each share a canary is held in its bake until the clients have had all their answers; then it
goes on to the end. Linear, rolling and all-at-once deployments follow under the same traffic.
No request may fail, and every share must be within 3 points of what is configured.
"""

import argparse
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

from local_test.aws.server import running
from tests.local_test.aws.hosting import Hosting, until

POINTS = 3.0
WAIT = 600
OLD, NEW = "v1", "v3"
ANSWERS = {2.0: OLD, 6.0: NEW}


def canary(percent: int) -> dict[str, Any]:
    """A DeploymentConfig."""
    return blue_green("CANARY", CanarySize={"Type": "CAPACITY_PERCENT", "Value": percent})


def blue_green(kind: str, **size: Any) -> dict[str, Any]:
    """A DeploymentConfig whose steps wait."""
    routing = {"Type": kind, "WaitIntervalInSeconds": WAIT, **size}
    return {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing}}


SWITCHES = {
    "linear": blue_green("LINEAR", LinearStepSize={"Type": "CAPACITY_PERCENT", "Value": 50}),
    "rolling": {
        "RollingUpdatePolicy": {
            "MaximumBatchSize": {"Type": "INSTANCE_COUNT", "Value": 1},
            "WaitIntervalInSeconds": WAIT,
        }
    },
    "all at once": None,
}


def measured(hosting: Hosting, requests: int, clients: int) -> Counter[str]:
    """How many of so many requests each fleet answered."""
    with ThreadPoolExecutor(clients) as pool:
        return Counter(
            ANSWERS[answer] for answer in pool.map(hosting.ask, [b"[[1, 1]]"] * requests)
        )


def deploy(hosting: Hosting, config: str, policy: dict[str, Any] | None) -> None:
    """One deployment to its end, the clock moved over each bake."""
    bakes = sum("Baking" in told for told in hosting.story())
    hosting.update(config, policy)
    while hosting.describe()["EndpointStatus"] == "Updating":
        baking = sum("Baking" in told for told in hosting.story())
        if baking > bakes:
            bakes = baking
            hosting.aws.world.clock.advance(timedelta(seconds=WAIT + 1))


def drill(hosting: Hosting, requests: int, clients: int, shares: list[int]) -> list[str]:
    """What went wrong."""
    faults = []
    for percent in shares:
        hosting.create(OLD)
        hosting.update(NEW, canary(percent))
        hosting.happened(f"Baking for {WAIT} seconds")
        counted = measured(hosting, requests, clients)
        seen = 100 * counted[NEW] / requests
        print(f"canary {percent} %: {seen:.2f} % of {requests} requests")
        if abs(seen - percent) > POINTS:
            faults.append(f"a canary of {percent} % answered {seen:.2f} %")
        hosting.aws.world.clock.advance(timedelta(seconds=WAIT + 1))
        hosting.settled()
        hosting.sagemaker.delete_endpoint(EndpointName="live")
        until(lambda: hosting.sagemaker.list_endpoints()["Endpoints"] == [])
    for name, policy in SWITCHES.items():
        hosting.create(OLD)
        with hosting.clients(clients) as traffic:
            deploy(hosting, NEW, policy)
        shown = {ANSWERS[answer]: count for answer, count in traffic.answers.items()}
        print(f"{name}: {shown}, failed: {len(traffic.errors)}")
        if traffic.errors or hosting.describe()["EndpointConfigName"] != NEW:
            faults.append(f"{name}: {len(traffic.errors)} failed: {traffic.errors[:1]}")
        hosting.sagemaker.delete_endpoint(EndpointName="live")
        until(lambda: hosting.sagemaker.list_endpoints()["Endpoints"] == [])
    return faults


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=5000)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--shares", default="10,30,50", help="percentages, with commas")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, running(Path(scratch)) as aws:
        hosting = Hosting(aws)
        for name in (OLD, NEW):
            hosting.config(name, count=2)
        shares = [int(share) for share in options.shares.split(",")]
        faults = drill(hosting, options.requests, options.clients, shares)
    print("\n".join(faults) or "passed")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
