"""Two runs of one job draw the same random numbers."""

import json

import pytest

DRAWS = """
    import json, random
    import numpy as np
    draws = [random.random(), np.random.random(), hash("text")]
    (job.output_data_dir / "draws.json").write_text(json.dumps(draws))
    return {"offset": 1.0}
"""


def draws(job, **hyperparameters):
    job.configure("hyperparameters", hyperparameters)
    run = job.run()
    assert run.code == 0, run.log
    return json.loads((job.base / "output/data/draws.json").read_text())


@pytest.mark.parametrize("fields", ["", "seed: int = 7"])
def test_two_runs_draw_the_same(job, fields):
    job.write_train(DRAWS, fields)

    assert draws(job) == draws(job)


def test_another_seed_draws_something_else(job):
    job.write_train(DRAWS, fields="seed: int = 7")

    assert draws(job)[:2] != draws(job, seed=str(2**40))[:2]
