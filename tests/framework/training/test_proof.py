"""Before the job ends, a fresh process proves that the artifact loads and answers."""

import signal

KNOWN = 1


def predictor(body):
    return "from framework import Predictor\n\nclass SumPredictor(Predictor):\n" + body


def test_the_proven_manifest_describes_the_model(job):
    job.configure("hyperparameters", {"rate": "0.5"})
    job.environment |= {"TRAINING_JOB_NAME": "penguins-7", "GIT_COMMIT": "abc", "IMAGE_DIGEST": "d"}

    run = job.run()

    assert run.code == 0, run.log
    assert "[metric] train:offset=45.0 step=3" in run.log
    manifest = job.manifest()
    assert manifest["training_job"] == "penguins-7"
    assert manifest["hyperparameters"] == {"epochs": 3, "rate": 0.5, "optimizer": "adam"}
    assert manifest["metrics"] == {"train:offset": 45.0}
    assert manifest["data"]["train"]["files"] == 1
    assert manifest["data"]["train"]["bytes"] == 18
    assert set(manifest["code"]) == {"algorithm.toml", "predictor.py", "trainer.py"}
    assert "numpy" in manifest["packages"]
    assert (manifest["commit"], manifest["image_digest"]) == ("abc", "d")
    assert manifest["input"]["kind"] == "array"
    assert manifest["golden"]["values"] == [51.0, 60.0, 69.0]
    assert sorted(path.name for path in job.model.iterdir()) == ["manifest.json", "model.pickle"]


def test_the_same_job_gives_the_same_bytes(job):
    job.run()
    first = {path.name: path.read_bytes() for path in job.model.iterdir()}
    job.run()

    assert {path.name: path.read_bytes() for path in job.model.iterdir()} == first


def test_an_artifact_that_does_not_load_fails_the_job(job):
    job.write_code(
        "predictor.py",
        predictor(
            "    def load(self, model_dir):\n        raise OSError('no such format')\n"
            "    def predict(self, data):\n        return [0.0 for row in data]\n"
        ),
    )

    run = job.run()

    assert run.code == KNOWN
    assert run.first_line.startswith("ArtifactError: The saved model does not serve")
    assert "no such format" in run.first_line
    assert "Predictor.load" in run.first_line
    assert "Traceback" in run.log


def test_an_artifact_that_does_not_answer_fails_the_job(job):
    job.write_code(
        "predictor.py", predictor("    def predict(self, data):\n        return [1.0]\n")
    )

    run = job.run()

    assert run.code == KNOWN
    assert "ArtifactError" in run.first_line
    assert "3" in run.first_line


def test_a_model_that_only_unpickles_in_the_training_process_fails_the_job(job):
    job.write_code(
        "trainer.py",
        """
        import sys, types
        from framework import Trainer

        module = types.ModuleType("made_while_training")
        exec("class Model: pass", module.__dict__)

        class SumTrainer(Trainer):
            def train(self, job):
                sys.modules["made_while_training"] = module
                return module.Model()
        """,
    )

    run = job.run()

    assert run.code == KNOWN
    assert "made_while_training" in run.first_line


def test_what_the_proof_prints_stays_in_the_log(job):
    job.write_code(
        "predictor.py",
        predictor(
            "    def load(self, model_dir):\n        print('loading here')\n        return 0\n"
            "    def predict(self, data):\n        return [0.0 for row in data]\n"
        ),
    )

    run = job.run()

    assert run.code == 0
    assert "loading here" in run.log


def test_a_proof_that_hangs_after_sigterm_is_killed_and_explained(job, started):
    job.environment["TRAINING_STOP_SECONDS"] = "1"
    job.write_code(
        "predictor.py",
        predictor(
            "    def load(self, model_dir):\n        import sys, time\n"
            "        print('hanging', file=sys.stderr, flush=True)\n        time.sleep(60)\n"
            "    def predict(self, data):\n        return [0.0 for row in data]\n"
        ),
    )
    process = started()
    job.wait_for("hanging")

    process.send_signal(signal.SIGTERM)
    run = job.finish(process, seconds=10)

    assert run.code == KNOWN
    assert "The proof" in run.first_line
    assert "0.9 s after SIGTERM" in run.first_line


def test_only_the_leader_saves_and_proves(job):
    job.configure("resourceconfig", {"current_host": "algo-2", "hosts": ["algo-1", "algo-2"]})

    run = job.run()

    assert run.code == 0, run.log
    assert "[metric]" not in run.log
    assert list(job.model.iterdir()) == []


def test_symbolic_links_in_the_artifact_are_refused(job):
    job.write_train("(job.model_dir / 'link').symlink_to('/etc/hostname')\nreturn {'offset': 1.0}")

    run = job.run()

    assert run.code == KNOWN
    assert "symbolic links (link)" in run.first_line
