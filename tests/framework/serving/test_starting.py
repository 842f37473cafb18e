"""From the start of the process to the first 200, and what keeps it from getting there."""

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from framework.manifest import Manifest
from framework.schema import SampleRequest
from tests.framework.serving.conftest import PREDICTOR, eventually, ready, started


def loading(*statements: str) -> str:
    """The toy, with these statements at the start of its load."""
    lines = "\n        ".join(("print('load in', os.getpid(), flush=True)", *statements))
    load = (
        f"    def load(self, model_dir):\n        {lines}\n        return super().load(model_dir)\n"
    )
    return PREDICTOR.replace("class Toy(Predictor):\n", f"class Toy(Predictor):\n{load}")


START_A_THREAD = (
    "import threading; threading.Thread(target=time.sleep, args=[99], daemon=True).start()"
)


def write_manifest(room: Path, body: str) -> None:
    manifest = Manifest(
        framework="0.1.0",
        python="3.11",
        packages={},
        code={},
        training_job="job",
        hyperparameters={},
        sample=SampleRequest(content_type="text/csv", body=body),
    )
    (room / "ml/model").mkdir(parents=True)
    manifest.write(room / "ml/model")


def test_says_503_loading_at_once_and_200_when_loaded(tmp_path: Path) -> None:
    with started(tmp_path, loading("time.sleep(1)")) as served:
        reply = served.request("GET", "/ping")
        assert (reply.status, reply.message) == (503, "The model is loading.")
        assert served.invoke().status == 503
        eventually(lambda: served.ping() == 200)
        for _ in range(20):
            assert served.ping() == 200, "once ready, always ready"
        assert served.invoke().body == b"30.0"


def test_garbage_is_seldom_looked_for_while_the_model_is_loaded_only(tmp_path: Path) -> None:
    tell = "import gc; print(sys._getframe().f_code.co_name, gc.get_threshold())"
    predictor = loading(tell).replace(
        "def predict(self, data):\n", f"def predict(self, data):\n        {tell}\n"
    )
    with ready(tmp_path, predictor, PYTHONUNBUFFERED="1") as served:
        served.invoke()
        told = served.text()
    usual = subprocess.run(
        [sys.executable, "-c", "import gc; print(gc.get_threshold())"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    assert f"predict {usual}" in told
    assert "load (" in told
    assert f"load {usual}" not in told


def test_loads_once_for_all_workers(tmp_path: Path) -> None:
    with ready(
        tmp_path, loading(), SAGEMAKER_MODEL_SERVER_WORKERS="3", SERVING_PRELOAD="on"
    ) as served:
        served.all_workers(3)
        assert served.text().count("load in") == 1


@pytest.mark.parametrize(("preload", "loads"), [("on", 3), ("off", 2)])
def test_threads_of_the_algorithm_make_every_worker_load(
    tmp_path: Path, preload: str, loads: int
) -> None:
    with ready(tmp_path, loading(START_A_THREAD), SERVING_PRELOAD=preload) as served:
        eventually(lambda: served.text().count("load in") == loads)
        by_the_master = f"load in {served.process.pid}\n" in served.text()
        assert by_the_master == (preload == "on")
        assert served.invoke().body == b"30.0"
        assert served.stop() == 0


def test_the_socket_stays_while_it_starts_again(tmp_path: Path) -> None:
    predictor = loading(START_A_THREAD, "time.sleep(0.2)")
    with started(tmp_path, predictor, SERVING_PRELOAD="on") as served:
        port = served.port
        while served.ping() != 200:
            socket.create_connection(("127.0.0.1", port), 2).close()
        assert served.port == port
        assert served.text().count("load in") >= 2


@pytest.mark.parametrize(
    ("broken", "cause"),
    [
        ("raise RuntimeError('no such layer')", "RuntimeError: no such layer"),
        ("import no_such_package", "no_such_package"),
        ("sys.exit(0)", "SystemExit"),
    ],
)
@pytest.mark.parametrize("preload", ["on", "off"])
def test_a_model_that_does_not_load_ends_with_1_and_the_cause(
    tmp_path: Path, broken: str, cause: str, preload: str
) -> None:
    with started(tmp_path, loading(broken), SERVING_PRELOAD=preload) as served:
        assert served.process.wait(20) == 1
        [error, *_] = [line for line in served.lines() if "cause" in line]
        assert cause in error["cause"]
        assert "traceback" in error


def test_a_missing_model_says_what_is_there(tmp_path: Path) -> None:
    with started(
        tmp_path, loading("(model_dir / 'model.pickle').rename(model_dir / 'other')")
    ) as s:
        assert s.process.wait(20) == 1
        assert "other" in s.event("serving failed")["cause"]


def test_settings_that_cannot_be_understood(tmp_path: Path) -> None:
    with started(tmp_path, SERVING_MODE="fast") as served:
        assert served.process.wait(20) == 1
        assert "SERVING_MODE is 'fast'" in served.event("serving failed")["cause"]


@pytest.mark.parametrize("preload", ["on", "off"])
def test_sigterm_while_loading_ends_at_once(tmp_path: Path, preload: str) -> None:
    with started(tmp_path, loading("time.sleep(60)"), SERVING_PRELOAD=preload) as served:
        eventually(lambda: "load in" in served.text())
        asked = time.monotonic()
        assert served.stop() == 0
        assert time.monotonic() - asked < 3


def test_sigterm_at_any_moment_of_the_start(tmp_path: Path) -> None:
    for moment in range(12):
        with started(tmp_path, loading()) as served:
            time.sleep(0.1 * moment)
            assert served.stop(10) in (0, -signal.SIGTERM)


def test_workers_that_are_killed_while_they_load_end_the_server(tmp_path: Path) -> None:
    with started(tmp_path, loading("os.kill(os.getpid(), 9)"), SERVING_PRELOAD="off") as served:
        assert served.process.wait(20) == 1
        assert "more memory" in served.text()


def test_warm_up_answers_the_sample_in_each_worker_first(tmp_path: Path) -> None:
    predictor = PREDICTOR.replace(
        "        invocation =",
        "        print('asked', data.tolist(), flush=True)\n        invocation =",
    )
    write_manifest(tmp_path, "5,6\n")
    with ready(tmp_path, predictor) as served:
        eventually(lambda: served.text().count("asked [[5.0, 6.0]]") == 2)


def test_a_sample_that_is_not_answered_ends_with_1_unless_warm_up_is_off(tmp_path: Path) -> None:
    write_manifest(tmp_path / "on", "")
    with started(tmp_path / "on") as served:
        assert served.process.wait(20) == 1
        assert "does not answer the sample" in served.text()
    write_manifest(tmp_path / "off", "")
    with ready(tmp_path / "off", SERVING_WARM_UP="off") as served:
        assert served.invoke().status == 200


def test_threads_of_numeric_libraries_are_shared_out(tmp_path: Path) -> None:
    predictor = PREDICTOR.replace("sum(row) * self.model", 'os.environ["OMP_NUM_THREADS"]')
    with ready(tmp_path / "a", predictor, SAGEMAKER_MODEL_SERVER_WORKERS="64") as served:
        assert served.invoke().body == b"1"
    with ready(tmp_path / "b", predictor, OMP_NUM_THREADS="3") as served:
        assert served.invoke().body == b"3"
