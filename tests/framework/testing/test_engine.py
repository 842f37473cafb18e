"""The process engine: what a run sees, leaves and how it ends."""

import os
import signal
import time
from pathlib import Path

import pytest

from framework.errors import ConfigurationError
from framework.testing import Isolation, ProcessEngine

WAIT = 20


@pytest.fixture
def engine(tmp_path: Path) -> ProcessEngine:
    algorithm = tmp_path / "algorithm"
    algorithm.mkdir()
    (algorithm / "algorithm.toml").write_text('predictor = "predictor:P"\n')
    return ProcessEngine(algorithm, tmp_path)


def python(engine: ProcessEngine, tmp_path: Path, code: str, **environment: str):
    base = tmp_path / "ml"
    base.mkdir(exist_ok=True)
    return engine.start(["python", "-c", code], base, environment)


def test_a_run_knows_its_base_and_algorithm_but_not_this_process_job(engine, tmp_path, monkeypatch):
    monkeypatch.setenv("SM_MODEL_DIR", "/elsewhere")
    code = (
        "import os; e = os.environ; print(e['SAGEMAKER_BASE_DIR'], 'SM_MODEL_DIR' in e, 'X' in e)"
    )
    run = python(engine, tmp_path, code, X="1")
    assert run.wait(WAIT) == 0
    assert run.log().split() == [str(tmp_path / "ml"), "False", "True"]


def test_files_left_in_home_directory_or_algorithm_are_seen(engine, tmp_path):
    code = (
        "import os, pathlib; pathlib.Path('here').touch(); (pathlib.Path.home() / 'there').touch();"
        "open(os.environ['ALGORITHM_DIR'] + '/algorithm.toml', 'a').write('#')"
    )
    run = python(engine, tmp_path, code)
    assert run.wait(WAIT) == 0
    assert sorted(Path(path).name for path in run.changes()) == ["algorithm.toml", "here", "there"]


def test_kill_ends_children_in_groups_of_their_own(engine, tmp_path):
    code = (
        "import subprocess, sys, time; child = subprocess.Popen("
        "[sys.executable, '-c', 'import time; time.sleep(60)'], start_new_session=True);"
        "print(child.pid, flush=True); time.sleep(60)"
    )
    run = python(engine, tmp_path, code)
    while not (log := run.log().strip()):
        time.sleep(0.02)
    run.kill()
    assert run.exit_code == -signal.SIGKILL
    for _ in range(100):
        if not is_alive(int(log)):
            return
        time.sleep(0.05)
    pytest.fail("the child lives on")


def test_a_run_that_goes_on_is_a_timeout_and_obeys_sigterm(engine, tmp_path):
    run = python(engine, tmp_path, "import time; print('up', flush=True); time.sleep(60)")
    while "up" not in run.log():
        time.sleep(0.02)
    with pytest.raises(TimeoutError):
        run.wait(0.1)
    run.terminate()
    assert run.wait(WAIT) == -signal.SIGTERM


def test_isolation_is_refused_not_ignored(engine, tmp_path):
    with pytest.raises(ConfigurationError, match="containers"):
        engine.start(["train"], tmp_path, isolation=Isolation(network=False))


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
        return "Z" not in Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[:1]
    except OSError:
        return False
