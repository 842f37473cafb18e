"""Every known way to fail: the first line names cause and way out, the exit code is documented."""

import json
from collections.abc import Callable

import pytest

KNOWN, UNEXPECTED = 1, 3

FIELDS = "epochs: int = Field(3, ge=1, le=100)"


def raising(statement: str) -> Callable:
    return lambda job: job.write_train(statement)


def hyperparameters(**values: str) -> Callable:
    return lambda job: job.configure("hyperparameters", values)


def missing_channel(job):
    job.configure("inputdataconfig", {"training": {}, "validation": {}})


def empty_channel(job):
    (job.base / "input/data/train/data.csv").unlink()


def unreadable_file(job):
    (job.base / "input/data/train/data.csv").write_bytes(b"\xff\xfe\x00,1\n" * 3)


def torn_file(job):
    job.write_data("train", "data.csv", '1,2\n"3,4\n')


def other_columns(job):
    job.write_data("train", "second.csv", "1,2\n")


def bad_json(job):
    (job.config / "hyperparameters.json").write_text('{\n  "epochs": "3",\n  "rate" "1"\n}')


def bad_encoding(job):
    (job.config / "inputdataconfig.json").write_bytes(b'{"tr\xffain": {}}')


def list_instead_of_object(job):
    (job.config / "resourceconfig.json").write_text('["algo-1"]')


def number_as_hyperparameter(job):
    (job.config / "hyperparameters.json").write_text('{"epochs": 3}')


def pipe_mode(job):
    job.configure("inputdataconfig", {"train": {"TrainingInputMode": "Pipe"}})


def import_error(job):
    job.write_code("trainer.py", "import not_installed_anywhere\n")


def import_error_inside(job):
    job.write_train("import not_installed_anywhere")


def syntax_error(job):
    job.write_code("trainer.py", "def broken(:\n")


def failing_import(job):
    job.write_code("helper_module.py", "def f():\n    return 1 / 0\nf()\n")
    job.write_code("trainer.py", "import helper_module\n")


def wrong_class_name(job):
    job.write_code("trainer.py", "from framework import Trainer\nclass SumTrainr(Trainer): pass\n")


def no_algorithm_file(job):
    (job.algorithm / "algorithm.toml").unlink()


def rejected(job):
    job.write_train("return 1")
    with (job.algorithm / "trainer.py").open("a") as file:
        file.write(
            "    def validate_model(self, model, job):\n"
            "        raise ModelRejected('accuracy 0.51 is below 0.8. Train with more epochs.')\n"
        )


def deep_exception(job):
    job.write_code("features.py", "def scale(x):\n    raise ValueError('no scale\\nfor x')\n")
    job.write_train("import features\nfeatures.scale(1)")


def write_where_it_must_not(job):
    job.write_train("os.mkdir('/sys/not-allowed')")


def handled_then_raised(job):
    job.write_train(
        """
        try:
            {}["speed"]
        except KeyError as error:
            raise RuntimeError("cannot go on") from error
        """
    )


CASES = {
    "exception in user code": (raising("raise ValueError('bad value')"), UNEXPECTED,
                               ["ValueError: bad value", "(trainer.py:7 in train)"]),
    "deepest user frame": (deep_exception, UNEXPECTED,
                           ["ValueError: no scale for x", "(features.py:2 in scale)"]),
    "exception from exception": (handled_then_raised, UNEXPECTED,
                                 ["RuntimeError: cannot go on", "(trainer.py:10 in train)"]),
    "sys.exit": (raising("sys.exit(0)"), UNEXPECTED, ["sys.exit(0)", "trainer.py:7", "Return"]),
    "writing elsewhere": (
        write_where_it_must_not,
        UNEXPECTED,
        ["Permission|not permitted|Read-only", "runs as user", "ml/model", "trainer.py:7"],
    ),
    "os._exit": (raising("os._exit(7)"), UNEXPECTED, ["exit code 7", "os._exit"]),
    "native crash": (raising("os.kill(os.getpid(), signal.SIGSEGV)"), UNEXPECTED,
                     ["SIGSEGV", "native code"]),
    "SIGKILL from somewhere": (raising("os.kill(os.getpid(), signal.SIGKILL)"), KNOWN,
                               ["SIGKILL", "not for the container's memory limit"]),
    "memory error": (raising("raise MemoryError('Unable to allocate 7.45 GiB')"), KNOWN,
                     ["MemoryError: Unable to allocate 7.45 GiB", "peak", "larger|more memory"]),
    "unknown hyperparameter": (hyperparameters(epoch="3"), KNOWN,
                               ["HyperparameterError", "'epoch'", "Did you mean 'epochs'?"]),
    "wrong type": (hyperparameters(epochs="many"), KNOWN,
                   ["HyperparameterError", "'epochs' = 'many'", "integer"]),
    "out of bounds": (hyperparameters(epochs="0"), KNOWN,
                      ["'epochs' = '0'", "greater than or equal to 1", "maximum 100"]),
    "two wrong hyperparameters": (hyperparameters(epochs="0", rate="2"), KNOWN,
                                  ["'epochs' = '0'", "'rate' = '2'"]),
    "bool for a number": (hyperparameters(epochs="true"), KNOWN, ["'epochs' = 'true'", "integer"]),
    "missing channel": (missing_channel, KNOWN,
                        ["ChannelNotFound", "'train'", "training, validation"]),
    "empty channel": (empty_channel, KNOWN, ["DataError", "Channel 'train'", "is empty", "S3Uri"]),
    "unreadable file": (unreadable_file, KNOWN,
                        ["DataError", "data.csv", "UnicodeDecodeError", "(trainer.py:"]),
    "torn file": (torn_file, KNOWN, ["DataError", "data.csv", "ParserError"]),
    "files with other columns": (other_columns, KNOWN, ["second.csv", "same columns"]),
    "bad JSON": (bad_json, KNOWN, ["hyperparameters.json", "line 3, column 10"]),
    "bad encoding": (bad_encoding, KNOWN, ["inputdataconfig.json", "UTF-8", "byte 4"]),
    "JSON list": (list_instead_of_object, KNOWN, ["resourceconfig.json", "object"]),
    "number as hyperparameter": (number_as_hyperparameter, KNOWN, ["'epochs'", 'Write "3"']),
    "Pipe mode": (pipe_mode, KNOWN, ["'train'", "Pipe", "FastFile"]),
    "import error": (import_error, KNOWN,
                     ["not_installed_anywhere", "requirements", "trainer.py:1"]),
    "import error inside train": (import_error_inside, KNOWN,
                                  ["not_installed_anywhere", "requirements", "trainer.py:7"]),
    "syntax error": (syntax_error, KNOWN, ["SyntaxError", "trainer.py", "line 1"]),
    "import that fails": (failing_import, KNOWN,
                          ["ZeroDivisionError", "(helper_module.py:2 in f)"]),
    "wrong class name": (wrong_class_name, KNOWN, ["SumTrainer", "Did you mean 'SumTrainr'"]),
    "no algorithm.toml": (no_algorithm_file, KNOWN, ["algorithm.toml", "ALGORITHM_DIR"]),
    "model rejected": (rejected, KNOWN,
                       ["ModelRejected: accuracy 0.51 is below 0.8", "more epochs"]),
    "no model": (raising("pass"), KNOWN, ["ArtifactError", "returned None"]),
    "unpicklable model": (raising("return lambda row: row"), KNOWN,
                          ["ArtifactError", "cannot be pickled", "Trainer.save"]),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_failure_names_cause_and_way_out(job, name):
    prepare, code, expected = CASES[name]
    prepare(job)

    run = job.run()

    assert run.code == code, run.log
    for text in expected:
        assert any(choice in run.first_line for choice in text.split("|")), run.first_line
    assert len(run.first_line) <= 1000
    assert len(run.failure.encode()) <= 8192
    assert run.first_line in run.log
    assert not (job.base / "output" / "failure.reserve").exists()


def test_a_long_message_keeps_cause_and_place(job):
    job.write_train("raise ValueError('first words ' + 'x ' * 5000 + 'last words')")

    run = job.run()

    assert len(run.first_line) == 1000
    assert run.first_line.startswith("ValueError: first words")
    assert run.first_line.endswith("last words (trainer.py:7 in train).")
    assert len(run.failure.encode()) <= 8192


def test_the_traceback_follows_the_first_line(job):
    job.write_train("raise ValueError('bad value')")

    lines = job.run().failure.splitlines()

    assert lines[1] == ""
    assert lines[2] == "Traceback (most recent call last):"
    assert lines[-1] == "ValueError: bad value"


def test_a_failure_file_of_the_algorithm_is_kept(job):
    job.write_train(
        f"open({str(job.base / 'output/failure')!r}, 'w').write('my own words')\nos._exit(9)"
    )

    run = job.run()

    assert run.failure == "my own words"
    assert run.code == UNEXPECTED


def test_the_failure_of_an_earlier_run_is_removed(job):
    job.write_train("raise ValueError('bad value')")
    job.run()
    job.write_train("return {'offset': 0.0}")

    run = job.run()

    assert (run.code, run.failure) == (0, ""), run.log


def test_arguments_are_refused(job):
    job.environment["PYTHONWARNINGS"] = "default"
    (job.config / "hyperparameters.json").write_text(json.dumps({"epochs": "0"}))

    assert "epochs" in job.run().first_line


@pytest.mark.parametrize("seconds", ["soon", "0", "-3", "inf", "nan"])
def test_a_wrong_training_stop_seconds_is_explained(job, seconds):
    job.environment["TRAINING_STOP_SECONDS"] = seconds

    run = job.run()

    assert run.code == KNOWN
    assert f"TRAINING_STOP_SECONDS is '{seconds}'" in run.first_line
