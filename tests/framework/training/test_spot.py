"""Spot in quick form: killed and started again, the job ends as if nothing had happened."""

import json
import random
import time

STEPS = 40

RESUMABLE = f"""
    import random
    found = job.checkpoints.restore()
    step, total, state = found.state if found else (0, 0.0, random.getstate())
    random.setstate(state)
    while step < {STEPS}:
        total += random.random()
        step += 1
        job.checkpoints.save(step, (step, total, random.getstate()))
        print(f"step {{step}}", flush=True)
        time.sleep(0.02)
    return {{"offset": total}}
"""


def test_a_job_killed_at_random_moments_gives_the_same_model(job, started):
    job.write_train(RESUMABLE)
    uninterrupted = job.run()
    assert uninterrupted.code == 0, uninterrupted.log
    expected = (job.model / "model.pickle").read_bytes()
    (job.model / "model.pickle").unlink()
    for path in sorted(job.checkpoints.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()

    chance = random.Random(11)
    kills = 0
    for _ in range(6):
        before = job.log().count("step ")
        process = started()
        while job.log().count("step ") == before and process.poll() is None:
            time.sleep(0.01)
        time.sleep(chance.uniform(0.0, 0.15))
        if process.poll() is None:
            process.kill()
            kills += 1
        process.wait()
    final = job.run()

    assert final.code == 0, final.log
    assert kills >= 5
    assert "Continuing from the checkpoint of step" in final.log
    assert "damaged" not in final.log
    assert (job.model / "model.pickle").read_bytes() == expected


def test_checkpointconfig_is_honoured(job):
    elsewhere = job.base / "elsewhere"
    job.configure("checkpointconfig", {"S3Uri": "s3://b/c", "LocalPath": str(elsewhere)})
    job.write_train("job.checkpoints.save(1, 'x')\nreturn {'offset': 1.0}")

    assert job.run().code == 0
    assert len(list(elsewhere.glob("algo-1/*/step-1.checkpoint"))) == 1
    assert not job.checkpoints.exists()


def test_changed_data_and_hyperparameters_start_from_the_beginning(job):
    job.write_train(
        """
        found = job.checkpoints.restore()
        print("found", found and found.step, flush=True)
        job.checkpoints.save(1, "x")
        return {"offset": 1.0}
        """,
        fields="epochs: int = 3",
    )
    assert "found None" in job.run().log
    assert "found 1" in job.run().log

    job.configure("hyperparameters", {"epochs": "4"})
    assert "What differs: hyperparameters (epochs)." in job.run().log.split("found 1")[-1]

    job.write_data("train", "data.csv", "1,2,4\n")
    log = job.run().log.split("hyperparameters (epochs)")[-1]
    assert "data (train)" in log
    assert log.rstrip().count("found None") == 1


def test_a_changed_byte_at_either_end_of_the_data_changes_the_fingerprint(job):
    big = "1,2\n" * 100_000
    job.write_train("job.checkpoints.save(1, 'x')\nreturn {'offset': 1.0}")
    digests = set()
    for text in (big, "2" + big[1:], big[:-2] + "3\n"):
        job.write_data("train", "data.csv", text)
        assert job.run().code == 0
        digests.add(
            json.loads((job.model / "manifest.json").read_text())["data"]["train"]["fingerprint"]
        )
    assert len(digests) == 3
