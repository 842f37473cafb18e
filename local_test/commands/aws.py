"""`aws`: an AWS on this machine, and what steers it."""

import argparse
import json
import re
import time
import urllib.error
import urllib.request
from argparse import Namespace
from pathlib import Path
from typing import Any

from framework.testing import EXIT_OK
from local_test.commands.arguments import scratch
from local_test.console import Screen, facts
from local_test.errors import BenchError

ADDRESS = "aws.json"
WAKE_SECONDS = 0.5  # a thread that starts a process may get Ctrl-C first: this one sees it then
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def up(options: Namespace, screen: Screen) -> int:
    """Run a local AWS until Ctrl-C."""
    from local_test.aws.clock import Clock  # here: moto takes a second to import
    from local_test.aws.server import running

    address = options.jobs / ADDRESS
    with (
        scratch(options.jobs) as room,
        running(room, options.engine, options.port, Clock(options.speed)) as local,
    ):
        try:
            address.write_text(json.dumps({"url": local.world.url}), encoding="utf-8")
            _tell(local.world.url, options.engine, screen)
            while True:
                time.sleep(WAKE_SECONDS)
        finally:
            address.unlink(missing_ok=True)
    return EXIT_OK


def _tell(url: str, engine: str, screen: Screen) -> None:
    from local_test.aws.page.application import PREFIX

    shown = {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "page": f"{url}{PREFIX}/",
        "engine": engine,
    }
    screen.result(shown, [facts("Local AWS", shown)])
    screen.say(f"export AWS_ENDPOINT_URL={url}")
    screen.say("export AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local")
    screen.say("Ctrl-C ends it with everything in it.")


def image(options: Namespace, screen: Screen) -> int:
    """Register an image."""
    source = Path(options.source)
    given = {
        "source": str(source.resolve()) if source.is_dir() else options.source,
        "python": options.python,
        "repository": options.repository,
        "tag": options.tag,
        "region": options.region,
    }
    answer = _told(options, "image", given)
    screen.result(answer, [answer["image"]])
    return EXIT_OK


def clock(options: Namespace, screen: Screen) -> int:
    """Move the clock."""
    answer = _told(options, "clock", {"advance": options.advance})
    screen.result(answer, [facts("Clock", answer)])
    return EXIT_OK


def reset(options: Namespace, screen: Screen) -> int:
    """Forget everything."""
    _told(options, "reset", {})
    screen.say("The local AWS is empty.")
    return EXIT_OK


def duration(text: str) -> float:
    """Seconds of 90s, 15m, 24h or 7d.

    Raises:
        argparse.ArgumentTypeError: it is none.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", text)
    if not found:
        raise argparse.ArgumentTypeError("write a number and s, m, h or d, for example 24h")
    return float(found[1]) * UNITS[found[2]]


def _told(options: Namespace, action: str, given: dict[str, Any]) -> dict[str, Any]:
    """Ask the running local AWS.

    Raises:
        BenchError: none runs here, or it refuses.
    """
    try:
        url = json.loads((options.jobs / ADDRESS).read_text(encoding="utf-8"))["url"]
        request = urllib.request.Request(  # noqa: S310 (our own address)
            f"{url}/_local/{action}", json.dumps(given).encode(), method="POST"
        )
        with urllib.request.urlopen(request, timeout=600) as answer:  # noqa: S310
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise BenchError(json.load(error)["error"]) from None
    except (FileNotFoundError, urllib.error.URLError):
        raise BenchError(
            f"No local AWS runs with --jobs {options.jobs}. Start one: `python -m local_test aws "
            "up`."
        ) from None
