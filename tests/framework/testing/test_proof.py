"""`python -m framework prove`, from the outside, on a model that was trained for real."""

import csv
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from framework.algorithm import Algorithm
from framework.serving.formats import JSON_LINES, WRITERS
from framework.testing import JobDescription, stage_training
from framework.testing.subject import sample_channels
from tests.framework.testing.planted import BROKEN

PROJECT = Path(__file__).parents[3]
NUMBERS = BROKEN / "bases" / "numbers"
OTHERWISE = """
import numpy as np
from framework import Predictor, RequestError

class RidgePredictor(Predictor):
    def predict(self, data):
        return %s
"""
OWN_ENCODE = """
import json
from framework import Predictor, RequestError

class RidgePredictor(Predictor):
    def predict(self, data):
        print("a line that is no JSON")
        return data @ self.model

    def encode(self, answers, invocation):
        if invocation.accept != "application/json":
            raise RequestError(406, "Only JSON.")
        return json.dumps({"scores": [round(value, 2) for value in answers.tolist()]})
"""
DYING = """
import os
from framework import Predictor

class RidgePredictor(Predictor):
    asked = 0

    def predict(self, data):
        self.asked += 1
        if self.asked > 8:
            os._exit(5)
        return data @ self.model
"""


@dataclass(frozen=True)
class Room:
    """An algorithm beside the /opt/ml of a model; both may be changed."""

    directory: Path

    @property
    def algorithm(self) -> Path:
        return self.directory / "algorithm"

    @property
    def base(self) -> Path:
        return self.directory / "ml"

    @property
    def manifest(self) -> dict[str, Any]:
        return json.loads((self.base / "model" / "manifest.json").read_text())

    def change_manifest(self, **values: Any) -> None:
        path = self.base / "model" / "manifest.json"
        path.write_text(json.dumps({**self.manifest, **values}))

    def change_golden(self, row: int, value: float | None) -> None:
        golden = self.manifest["golden"]
        golden["values"][row] = value
        self.change_manifest(golden=golden)

    def answer_otherwise(self, expression: str) -> None:
        (self.algorithm / "predictor.py").write_text(OTHERWISE % expression)

    def run(
        self, command: str, *options: str, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "framework", command, *options],
            env={
                **os.environ,
                "PYTHONPATH": str(PROJECT),
                "ALGORITHM_DIR": str(self.algorithm),
                "SAGEMAKER_BASE_DIR": str(self.base),
                **environment,
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def prove(self) -> dict[str, Any]:
        """What `prove` prints about a model that can be served."""
        done = self.run("prove", "--requests", "3")
        assert (done.returncode, done.stderr) == (0, "")
        return json.loads(done.stdout)

    def refuse(self, **environment: str) -> str:
        """The one sentence that `prove` says about a model that cannot be served."""
        done = self.run("prove", **environment)
        said = json.loads(done.stdout)
        assert done.returncode == 1
        assert said.keys() == {"loads", "reason"}
        assert said["loads"] is False
        assert done.stderr.splitlines() == [done.stderr.strip()]
        assert done.stderr.strip().endswith(said["reason"])
        return said["reason"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Room:
    """The good algorithm of numbers and its model; do not change it."""
    room = Room(tmp_path_factory.mktemp("trained"))
    shutil.copytree(NUMBERS, room.algorithm)
    algorithm = Algorithm.load(room.algorithm)
    channels = sample_channels(algorithm, room.directory)
    stage_training(room.base, JobDescription(channels, algorithm.file.sample.hyperparameters))
    done = room.run("train")
    assert done.returncode == 0, done.stderr
    return room


@pytest.fixture
def room(trained: Room, tmp_path: Path) -> Room:
    shutil.copytree(trained.algorithm, tmp_path / "algorithm")
    shutil.copytree(trained.base / "model", tmp_path / "ml" / "model")
    return Room(tmp_path)


def files_below(directory: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def test_a_right_model(room: Room) -> None:
    before = files_below(room.base)
    for path in (room.base, *room.base.rglob("*")):
        path.chmod(0o555)
    done = room.run("prove", "--requests", "30")
    proof = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert list(proof) == ["loads", "golden", "replies", "seconds"]
    assert proof["loads"] is True
    assert proof["golden"] == {"asked": True, "same": True, "difference": ""}
    assert proof["seconds"]["requests"] == 30
    assert 0 < proof["seconds"]["p50"] <= proof["seconds"]["p99"] < 10
    assert files_below(room.base) == before


def test_replies_of_all_types(room: Room) -> None:
    replies, golden = room.prove()["replies"], room.manifest["golden"]["values"]
    assert list(replies) == list(WRITERS)
    assert {reply["status"] for reply in replies.values()} == {200}
    assert all(reply["content_type"] == accept for accept, reply in replies.items())
    assert json.loads(replies["application/json"]["body"]) == {"predictions": golden}
    assert [[str(v)] for v in golden] == list(csv.reader(io.StringIO(replies["text/csv"]["body"])))
    assert {replies[name]["body"] for name in JSON_LINES} == {"\n".join(map(str, golden))}
    npy = io.BytesIO()
    np.save(npy, np.array(golden))
    assert replies["application/x-npy"] == {
        "status": 200,
        "content_type": "application/x-npy",
        "sha256": hashlib.sha256(npy.getvalue()).hexdigest(),
        "bytes": len(npy.getvalue()),
    }


def test_a_wrong_golden_answer_is_named(room: Room) -> None:
    answered = room.manifest["golden"]["values"][2]
    room.change_golden(2, 123.25)
    assert room.prove()["golden"] == {
        "asked": True,
        "same": False,
        "difference": f"Row 3: answered {answered}, not 123.25.",
    }


def test_the_manifest_says_how_near_is_near_enough(room: Room) -> None:
    value = room.manifest["golden"]["values"][0]
    room.change_golden(0, value + 1e-11)
    assert room.prove()["golden"]["same"] is True
    golden = {**room.manifest["golden"], "tolerance": 0.0}
    room.change_manifest(golden=golden)
    assert room.prove()["golden"]["same"] is False


@pytest.mark.parametrize(
    ("expression", "difference"),
    [
        ("data @ self.model + 1", "Row 1: answered "),
        ("['label'] * len(data)", 'Row 1: answered "label", not '),
        ("[{'value': v} for v in data @ self.model]", 'Row 1: answered {"value": '),
    ],
)
def test_a_predictor_that_answers_otherwise_now(
    room: Room, expression: str, difference: str
) -> None:
    room.answer_otherwise(expression)
    proof = room.prove()
    assert proof["loads"] is True
    assert proof["golden"]["asked"] is True
    assert proof["golden"]["same"] is False
    assert proof["golden"]["difference"].startswith(difference)


def test_nan_is_what_the_manifest_calls_null(room: Room) -> None:
    room.answer_otherwise("np.where(np.arange(len(data)) == 0, np.nan, data @ self.model)")
    assert room.prove()["golden"]["same"] is False
    room.change_golden(0, None)
    assert room.prove()["golden"]["same"] is True


def without_manifest(room: Room) -> None:
    (room.base / "model" / "manifest.json").unlink()


def without_sample(room: Room) -> None:
    room.change_manifest(sample=None)


@pytest.mark.parametrize(
    ("remove", "why"),
    [
        (without_manifest, "The model has no manifest.json"),
        (without_sample, "The manifest has no sample request"),
    ],
)
def test_without_a_sample_nothing_is_asked(
    room: Room, remove: Callable[[Room], None], why: str
) -> None:
    remove(room)
    proof = room.prove()
    assert proof["loads"] is True
    assert proof["golden"]["asked"] is proof["golden"]["same"] is False
    assert proof["golden"]["difference"].startswith(why)
    assert proof["replies"] == {}
    assert proof["seconds"] == {"requests": 0, "p50": None, "p99": None}


def test_without_golden_answers_the_sample_is_asked_all_the_same(room: Room) -> None:
    room.change_manifest(golden=None)
    proof = room.prove()
    assert proof["golden"]["asked"] is False
    assert proof["golden"]["difference"].startswith("The manifest has no golden answers")
    assert proof["replies"]["application/json"]["status"] == 200


def test_its_own_encode_may_refuse_types_and_print(room: Room) -> None:
    (room.algorithm / "predictor.py").write_text(OWN_ENCODE)
    proof = room.prove()
    assert proof["golden"]["same"] is True
    statuses = {accept: reply["status"] for accept, reply in proof["replies"].items()}
    assert statuses == {**dict.fromkeys(WRITERS, 406), "application/json": 200}
    rounded = [round(value, 2) for value in room.manifest["golden"]["values"]]
    assert json.loads(proof["replies"]["application/json"]["body"]) == {"scores": rounded}
    assert json.loads(proof["replies"]["text/csv"]["body"])["error"]["message"] == "Only JSON."
    assert proof["replies"] == room.prove()["replies"]


def test_a_model_that_cannot_be_loaded(room: Room) -> None:
    (room.base / "model" / "model.pickle").write_bytes(b"no pickle")
    assert "RidgePredictor cannot load the model" in room.refuse()
    shutil.rmtree(room.base / "model")
    assert "There is no model.pickle" in room.refuse()


def test_a_model_that_the_predictor_cannot_ask(room: Room) -> None:
    room.answer_otherwise("self.model['no such key']")
    assert "does not answer the sample request" in room.refuse()


def test_a_damaged_manifest_and_a_missing_algorithm(room: Room) -> None:
    (room.base / "model" / "manifest.json").write_text("{")
    assert "manifest.json is damaged" in room.refuse()
    assert "There is no algorithm.toml" in room.refuse(ALGORITHM_DIR=str(room.base))


def test_a_server_that_dies_while_it_is_asked(room: Room) -> None:
    (room.algorithm / "predictor.py").write_text(DYING)
    assert "The server broke off" in room.refuse()


def test_the_server_has_the_variables_of_the_endpoint(room: Room) -> None:
    assert "SERVING_MODE is 'nonsense'" in room.refuse(SERVING_MODE="nonsense")


def test_usage(room: Room) -> None:
    for options in (["--requests", "0"], ["--requests", "many"], ["more"]):
        done = room.run("prove", *options)
        assert (done.returncode, done.stdout) == (2, "")
