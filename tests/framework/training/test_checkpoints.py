"""Checkpoints: complete or absent, in numeric order, never another run's, never a damaged one."""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from framework import ArtifactError, ConfigurationError
from framework.training.checkpoints import Checkpoint, Checkpoints
from framework.training.fingerprint import Fingerprint

RUN = Fingerprint({"epochs": 3}, {"trainer.py": "aa"}, {"train": "dd"})


@pytest.fixture
def checkpoints(tmp_path):
    return Checkpoints(tmp_path, "algo-1", RUN)


def names(checkpoints):
    return sorted(path.name for path in checkpoints.directory.iterdir())


def file_of(checkpoints, step):
    return checkpoints.directory / f"step-{step}.checkpoint"


def test_the_newest_is_restored(checkpoints):
    checkpoints.save(1, {"weights": [1.0]})
    checkpoints.save(2, {"weights": [2.0]})

    assert checkpoints.restore() == Checkpoint(2, {"weights": [2.0]})


def test_a_run_without_checkpoints_restores_none(checkpoints, capsys):
    assert checkpoints.restore() is None
    assert capsys.readouterr().out == ""


def test_the_order_is_numeric(checkpoints):
    for step in (99, 989, 1000):
        checkpoints.save(step, step)

    assert checkpoints.restore().state == 1000


def test_the_last_three_are_kept(checkpoints):
    for step in range(8, 13):
        checkpoints.save(step, step)

    assert names(checkpoints) == ["fingerprint.json"] + [
        f"step-{step}.checkpoint" for step in (10, 11, 12)
    ]


def test_how_many_are_kept_can_be_chosen(checkpoints):
    checkpoints.keep = 1
    for step in range(3):
        checkpoints.save(step, step)

    assert names(checkpoints) == ["fingerprint.json", "step-2.checkpoint"]


def test_saving_a_step_again_replaces_it(checkpoints):
    checkpoints.save(1, "first")
    checkpoints.save(1, "second")

    assert checkpoints.restore().state == "second"


def truncate(path):
    path.write_bytes(path.read_bytes()[:-10])


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def extend(path):
    path.write_bytes(path.read_bytes() + b"x")


def empty(path):
    path.write_bytes(b"")


def zeros(path):
    path.write_bytes(b"\0" * path.stat().st_size)


@pytest.mark.parametrize("damage", [truncate, flip, extend, empty, zeros])
def test_a_damaged_checkpoint_is_reported_and_the_one_before_is_used(checkpoints, damage, capsys):
    checkpoints.save(1, list(range(100)))
    checkpoints.save(2, list(range(200)))
    damage(file_of(checkpoints, 2))

    restored = checkpoints.restore()

    assert restored == Checkpoint(1, list(range(100)))
    assert "step-2.checkpoint is damaged" in capsys.readouterr().out
    checkpoints.keep = 1
    checkpoints.save(2, "again")
    assert checkpoints.restore().state == "again"


def test_when_all_are_damaged_the_run_starts_from_the_beginning(checkpoints, capsys):
    for step in (1, 2):
        checkpoints.save(step, step)
        empty(file_of(checkpoints, step))

    assert checkpoints.restore() is None
    assert capsys.readouterr().out.count("is damaged") == 2


def test_every_single_changed_byte_is_noticed(checkpoints):
    checkpoints.save(1, {"a": 1})
    intact = file_of(checkpoints, 1).read_bytes()
    for position in range(len(intact)):
        changed = bytearray(intact)
        changed[position] ^= 0x40
        file_of(checkpoints, 1).write_bytes(changed)
        assert checkpoints.restore() is None, position


def test_foreign_and_unfinished_files_are_ignored(checkpoints):
    checkpoints.save(7, "seven")
    for name in (
        "step-9.checkpoint.sagemaker-uploading",
        "step-7.checkpoint.sagemaker-uploaded",
        "step-8.checkpoint.unfinished",
        "step-x.checkpoint",
        "notes.txt",
    ):
        (checkpoints.directory / name).write_text("not a checkpoint")

    assert checkpoints.restore() == Checkpoint(7, "seven")
    assert "step-8.checkpoint.unfinished" not in names(checkpoints)
    assert "step-7.checkpoint.sagemaker-uploaded" in names(checkpoints)


@pytest.mark.parametrize(
    ("other", "difference"),
    [
        (Fingerprint({"epochs": 4}, RUN.code, RUN.data), "hyperparameters (epochs)"),
        (Fingerprint(RUN.hyperparameters, {"trainer.py": "bb"}, RUN.data), "code (trainer.py)"),
        (Fingerprint(RUN.hyperparameters, RUN.code, {"test": "dd"}), "data (test, train)"),
        (Fingerprint({}, {}, RUN.data), "hyperparameters (epochs), code (trainer.py)"),
    ],
)
def test_another_runs_checkpoints_are_refused_and_the_difference_is_said(
    tmp_path, checkpoints, other, difference, capsys
):
    checkpoints.save(5, "old")
    changed = Checkpoints(tmp_path, "algo-1", other)

    assert changed.restore() is None
    assert f"What differs: {difference}." in capsys.readouterr().out
    assert checkpoints.restore().state == "old"


def test_a_host_does_not_read_another_hosts_checkpoints(tmp_path, checkpoints, capsys):
    checkpoints.save(5, "mine")

    assert Checkpoints(tmp_path, "algo-2", RUN).restore() is None
    assert capsys.readouterr().out == ""


def test_an_unreadable_fingerprint_of_another_run_is_no_failure(tmp_path, checkpoints, capsys):
    other = tmp_path / "algo-1" / "0123456789abcdef"
    other.mkdir(parents=True)
    (other / "fingerprint.json").write_text("[torn")

    assert checkpoints.restore() is None
    assert "cannot be read" in capsys.readouterr().out


def test_a_state_that_cannot_be_pickled_is_explained_and_leaves_nothing(checkpoints):
    checkpoints.save(1, "good")

    with pytest.raises(ArtifactError, match="cannot be pickled"):
        checkpoints.save(2, lambda: None)

    assert names(checkpoints) == ["fingerprint.json", "step-1.checkpoint"]


@pytest.mark.parametrize("step", [-1, 1.5, "3", None])
def test_a_step_is_a_whole_number(checkpoints, step):
    with pytest.raises(ConfigurationError, match="whole number"):
        checkpoints.save(step, "state")


def test_a_checkpoint_of_a_vanished_class_falls_back(checkpoints, capsys):
    checkpoints.save(1, "plain")
    module = type(sys)("vanished")
    exec("class State: pass", module.__dict__)
    sys.modules["vanished"] = module
    checkpoints.save(2, module.State())
    del sys.modules["vanished"]

    assert checkpoints.restore() == Checkpoint(1, "plain")
    assert "No module named 'vanished'" in capsys.readouterr().out


WRITER = """
    import sys
    from pathlib import Path
    from framework.training.checkpoints import Checkpoints
    from framework.training.fingerprint import Fingerprint

    checkpoints = Checkpoints(Path(sys.argv[1]), "algo-1", Fingerprint({}, {}, {}))
    found = checkpoints.restore()
    step = found.step + 1 if found else 0
    assert found is None or found.state == [found.step] * 200_000
    print("ready", flush=True)
    while True:
        checkpoints.save(step, [step] * 200_000)
        step += 1
"""


def test_sigkill_at_any_moment_of_writing_never_damages_a_checkpoint(tmp_path):
    chance = random.Random(7)
    for _ in range(12):
        writer = subprocess.Popen(
            [sys.executable, "-c", dedent(WRITER), str(tmp_path)],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])},
        )
        said = list(iter(writer.stdout.readline, "ready\n"))
        assert "damaged" not in "".join(said)
        try:
            writer.wait(timeout=chance.uniform(0, 0.1))
        except subprocess.TimeoutExpired:
            writer.send_signal(signal.SIGKILL)
        assert writer.wait() == -signal.SIGKILL
        writer.stdout.close()
    last = Checkpoints(tmp_path, "algo-1", Fingerprint({}, {}, {})).restore()
    assert last is not None
    assert last.state == [last.step] * 200_000
