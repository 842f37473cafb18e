"""`serve`: an endpoint in the foreground."""

import time
from argparse import Namespace

from framework.testing import EXIT_KNOWN
from local_test import endpoint as endpoints
from local_test import jobs
from local_test.choice import open_cluster
from local_test.commands.arguments import pairs, scratch
from local_test.console import Screen, facts

PROBE_SECONDS = 5.0


def run(options: Namespace, screen: Screen) -> int:
    """Keep an endpoint running until Ctrl-C, or until its container ends."""
    algorithm = jobs.algorithm_name(options.image, options.algorithm)
    model = jobs.find_model(options.jobs, options.model, algorithm)
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
    return EXIT_KNOWN


def _watch(endpoint: endpoints.Endpoint, screen: Screen) -> None:
    """Show the log and keep probing /ping, until the container ends."""
    shown, healthy, probed = 0, True, 0.0
    while endpoint.run.exit_code is None:
        text = endpoint.run.log()[shown:]
        shown += len(text)
        for line in text.splitlines():
            screen.log(line)
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
