"""`docker stop`: what a container still does in the seconds before it is killed."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from docker.models.containers import Container
from docker.models.images import Image

from framework.testing import Client

pytestmark = pytest.mark.docker

CLIENTS = 8
STOP_SECONDS = 30
BODY = json.dumps(
    {
        "instances": [
            {
                "island": "Biscoe",
                "sex": None,
                "bill_length_mm": 46.1,
                "bill_depth_mm": None,
                "flipper_length_mm": 211,
                "body_mass_g": 4500,
            }
        ]
    }
).encode()


@dataclass
class Load:
    """What clients saw that asked again and again until nobody accepted them."""

    statuses: list[int] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)

    def ask_until_refused(self, client: Client) -> None:
        while True:
            try:
                self.statuses.append(client.invoke(BODY, "application/json", timeout=30).status)
            except ConnectionRefusedError:
                return
            except OSError as error:
                if error.errno not in NOBODY_THERE:
                    self.unanswered.append(repr(error))
                return


NOBODY_THERE = (110, 113)  # the container's address is gone: ETIMEDOUT, EHOSTUNREACH


def test_serving_answers_what_it_accepted(
    algorithm_image: Image,
    start_serving: Callable[..., Container],
    published: Callable[[Container], Client],
):
    container = start_serving(algorithm_image, "serve")
    published(container)
    # The engine's port proxy accepts on its own account, so ask the container itself.
    client = Client(container.attrs["NetworkSettings"]["IPAddress"], 8080)
    load = Load()
    threads = [
        threading.Thread(target=load.ask_until_refused, args=[client]) for _ in range(CLIENTS)
    ]
    for thread in threads:
        thread.start()
    time.sleep(2)
    began = time.monotonic()
    container.stop(timeout=STOP_SECONDS)
    took = time.monotonic() - began
    for thread in threads:
        thread.join()
    code = container.wait()["StatusCode"]
    log = container.logs().decode()
    container.remove()
    assert (code, load.unanswered) == (0, []), log[-2000:]
    assert len(load.statuses) > 10 * CLIENTS
    assert set(load.statuses) <= {200, 503}
    assert took < STOP_SECONDS


def test_training_keeps_its_best_model(
    algorithm_image: Image, start: Callable[..., Container], stage_job: Callable[[], Path]
):
    base = stage_job()
    (base / "input/config/hyperparameters.json").write_text('{"rounds": "500"}')
    job = start(algorithm_image, "train", volumes={str(base): {"bind": "/opt/ml"}})
    for line in job.logs(stream=True):
        if b"step=5" in line:
            break
    began = time.monotonic()
    job.stop(timeout=120)
    took = time.monotonic() - began
    log = job.logs().decode()
    assert job.wait()["StatusCode"] == 0, log
    assert "Asked to stop" in log
    assert (base / "model" / "manifest.json").exists()
    assert took < 60
