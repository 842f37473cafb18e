"""What only the local AWS has, below /_local: its clock, its images, a clean slate."""

import json
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_test.aws import images
from local_test.aws.world import World
from local_test.errors import BenchError

PREFIX = "/_local/"
Answer = tuple[int, dict[str, Any]]
REFUSALS = (BenchError, BotoCoreError, ClientError, OverflowError, TypeError, ValueError)


class Control:
    """A WSGI application that takes JSON and answers JSON."""

    def __init__(self, world: World, reset: Callable[[], None]):
        self._world = world
        self._reset = reset

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        given = environ["wsgi.input"].read(length)
        status, answer = self._answer(environ["PATH_INFO"].removeprefix(PREFIX), given)
        body = json.dumps(answer, default=str).encode()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        start_response(f"{status} {'OK' if status == 200 else 'Refused'}", headers)
        return [body]

    def _answer(self, path: str, body: bytes) -> Answer:
        actions: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "clock": self._clock,
            "image": self._image,
            "reset": self._forget,
            "story": self._story,
        }
        if path not in actions:
            return 404, {"error": f"There is no {PREFIX}{path}; there are {', '.join(actions)}."}
        try:
            return 200, actions[path](_fields(body))
        except KeyError as error:
            return 400, {"error": f"{error.args[0]} is missing."}
        except REFUSALS as error:
            return 400, {"error": str(error)}

    def _clock(self, given: dict[str, Any]) -> dict[str, Any]:
        self._world.clock.advance(timedelta(seconds=float(given.get("advance", 0))))
        return {"now": self._world.clock.now().isoformat(timespec="seconds")}

    def _image(self, given: dict[str, Any]) -> dict[str, Any]:
        source: Any = given["source"]
        if Path(source).is_dir():
            source = Path(source)
        if given.get("python"):
            source = images.Environment(source, Path(given["python"]))
        where = (given["repository"], given["tag"], given["region"])
        return {"image": images.register(self._world, source, *where)}

    def _forget(self, given: dict[str, Any]) -> dict[str, Any]:
        self._reset()
        return {}

    def _story(self, given: dict[str, Any]) -> dict[str, Any]:
        return {"story": self._world.endpoint_story(given["region"], given["endpoint"])}


def _fields(body: bytes) -> dict[str, Any]:
    """Of a JSON object; without a body there are none.

    Raises:
        ValueError: it is something else.
    """
    given = json.loads(body or b"{}")
    if not isinstance(given, dict):
        raise ValueError("Send a JSON object.")
    return given
