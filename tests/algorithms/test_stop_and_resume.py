"""The resumable algorithm under SIGTERM and SIGKILL."""

import numpy as np

from tests.algorithms.workshop import ALGORITHMS, Workshop
from tests.drills.spot import SLOW_LEARNING, drill, wait_for_step

QUICK_RUN = {**SLOW_LEARNING, "epochs": 1500, "hidden": 64, "checkpoint_every": 10}


def test_killed_runs_end_with_the_model_of_an_undisturbed_one(tmp_path):
    outcome = drill(tmp_path, kills=3, seed=4, hyperparameters=QUICK_RUN)

    assert outcome.faults == []
    assert len({kill.step for kill in outcome.kills}) == 3


def test_sigterm_keeps_the_best_model_so_far_and_a_later_run_goes_on(tmp_path):
    workshop = Workshop(ALGORITHMS / "resumable_mlp", tmp_path)
    endless = {**SLOW_LEARNING, "epochs": 100_000, "hidden": 64}
    checkpoints = tmp_path / "checkpoints"

    job = workshop.start("stopped", checkpoints, **endless)
    wait_for_step(job.run, checkpoints, 100)
    job.run.terminate()
    job.finish(seconds=30)

    assert "Asked to stop after epoch" in job.run.log()
    assert "hidden" in np.load(job.layout.model / "model.npz")
    again = workshop.start("again", checkpoints, **endless)
    wait_for_step(again.run, checkpoints, 200)
    again.run.terminate()
    assert "Continuing from the checkpoint of step" in again.finish(seconds=30).run.log()
