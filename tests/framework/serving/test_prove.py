"""The proof: a fresh process that loads the model, answers the sample and records the answers."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from framework import Predictor
from framework.manifest import GoldenAnswers, Manifest
from framework.schema import SampleRequest
from framework.serving.prove import tolerance
from tests.framework.serving.conftest import ALGORITHM, REPOSITORY

PREDICTOR = """
import numpy as np
from framework import Predictor

class Toy(Predictor):
    def load(self, model_dir):
        return 10

    def predict(self, data):
        return %s
"""


def prove(room: Path, returned: str, sample: str | None = "1,2\n3,4") -> tuple[int, str]:
    """Exit code and last line on stdout of a proof."""
    algorithm, model = room / "algorithm", room / "ml/model"
    algorithm.mkdir()
    model.mkdir(parents=True)
    (algorithm / "algorithm.toml").write_text(ALGORITHM)
    (algorithm / "predictor.py").write_text(PREDICTOR % returned)
    Manifest(
        framework="0.1.0",
        python="3.11",
        packages={},
        code={},
        training_job="job",
        hyperparameters={},
        sample=sample and SampleRequest(content_type="text/csv", body=sample),
    ).write(model)
    done = subprocess.run(
        [sys.executable, "-m", "framework.serving.prove"],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(REPOSITORY),
            "ALGORITHM_DIR": str(algorithm),
            "SAGEMAKER_BASE_DIR": str(room / "ml"),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout.strip().rpartition("\n")[2]


def golden(room: Path) -> GoldenAnswers | None:
    manifest = Manifest.read(room / "ml/model")
    assert manifest is not None
    return manifest.golden


@pytest.mark.parametrize(
    ("returned", "values", "dtype", "tolerance"),
    [
        ("data.sum(axis=1)", [3.0, 7.0], "float64", 1e-9),
        ("['a', 'b']", ["a", "b"], "str", 0.0),
        ("[{'p': 0.5}, {'p': 1.0}]", [{"p": 0.5}, {"p": 1.0}], "object", 1e-9),
    ],
)
def test_golden_answers(
    tmp_path: Path, returned: str, values: list, dtype: str, tolerance: float
) -> None:
    assert prove(tmp_path, returned)[0] == 0
    assert golden(tmp_path) == GoldenAnswers(values=values, dtype=dtype, tolerance=tolerance)


class Exact(Predictor):
    def predict(self, data: Any) -> Any:
        return data


class Loose(Exact):
    tolerance = 0.5


@pytest.mark.parametrize(
    ("dtype", "values", "expected"),
    [
        ("float64", [1.0], 1e-9),
        ("float32", [1.0], 1e-5),
        ("int64", [1], 0.0),
        ("bool", [True], 0.0),
        ("object", [["a"], {"b": 1}], 0.0),
        ("object", [["a"], {"b": 1.5}], 1e-9),
    ],
)
def test_tolerances(dtype: str, values: list[Any], expected: float) -> None:
    assert tolerance(Exact(), dtype, values) == expected
    assert tolerance(Loose(), dtype, values) == 0.5


def test_without_a_sample_loading_is_the_proof(tmp_path: Path) -> None:
    assert prove(tmp_path, "data", sample=None)[0] == 0
    assert golden(tmp_path) is None


@pytest.mark.parametrize(
    ("returned", "kind", "words"),
    [
        ("data @ np.ones(9)", "ArtifactError", "predictor.py:10 in predict"),
        ("[1]", "ArtifactError", "1 answers for 2 rows"),
        ("[object(), object()]", "ArtifactError", "object"),
        ("1 / 0 }", "AlgorithmNotFound", "SyntaxError"),
    ],
)
def test_a_failed_proof_says_why_in_its_last_line(
    tmp_path: Path, returned: str, kind: str, words: str
) -> None:
    code, last = prove(tmp_path, returned)
    assert code == 1
    failure = json.loads(last)
    assert failure["kind"] == kind
    assert words in failure["message"]
    assert golden(tmp_path) is None
