"""`python -m framework evaluate` as a processing job runs it: a model, channels, verdicts."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent
from typing import Any

import pandas as pd
import pytest

from framework.testing import pack_artifact

ROOT = Path(__file__).parents[3]
SECONDS = 60

ECHO = """
from framework import Predictor

class Echo(Predictor):
    def load(self, model_dir):
        return (model_dir / "model.txt").read_text()

    def predict(self, data):
        return data["answer"].tolist()
"""


@dataclass(frozen=True)
class Outcome:
    """How one run of the program ended."""

    code: int
    log: str
    message: str


def run_program(options: Sequence[str], base: Path, algorithm: Path) -> subprocess.CompletedProcess:
    """`python -m framework OPTIONS` on the tree below ``base``."""
    places = {"SAGEMAKER_BASE_DIR": base, "ALGORITHM_DIR": algorithm, "PYTHONPATH": ROOT}
    return subprocess.run(
        [sys.executable, "-m", "framework", *options],
        env=os.environ | {name: str(path) for name, path in places.items()},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )


@dataclass
class Evaluation:
    """One processing job below ``base``, of an algorithm that answers its column `answer`.

    Attributes:
        declared: the lines of [evaluation] in algorithm.toml.
    """

    base: Path
    algorithm: Path
    declared: dict[str, Any] = field(default_factory=lambda: {"target": "truth"})

    def __post_init__(self) -> None:
        self.given = self.base / "processing/input"
        self.output = self.base / "processing/output"

    def write_code(self, name: str, text: str) -> None:
        self.algorithm.mkdir(parents=True, exist_ok=True)
        (self.algorithm / name).write_text(dedent(text))

    def write_echo(self, predict: str = "") -> None:
        """Pack a model that answers `answer`; or let ``predict`` be the body of its predict."""
        code = ECHO if not predict else ECHO.replace('return data["answer"].tolist()', predict)
        self.write_code("predictor.py", code)
        lines = "\n".join(f"{name} = {json.dumps(value)}" for name, value in self.declared.items())
        self.write_code("algorithm.toml", f'predictor = "predictor:Echo"\n[evaluation]\n{lines}\n')
        model = self.base / "model"
        model.mkdir(parents=True, exist_ok=True)
        (model / "model.txt").write_text("an echo")
        self.bring("model", model)

    def train(self, table: pd.DataFrame) -> None:
        """Train the algorithm on the channel train, into the directory of models."""
        (self.base / "input/data/train").mkdir(parents=True)
        table.to_csv(self.base / "input/data/train/rows.csv", index=False)
        done = run_program(["train"], self.base, self.algorithm)
        assert done.returncode == 0, done.stdout

    def bring(self, name: str, model: Path) -> None:
        """Pack a model directory as the input ``name``."""
        (self.given / name).mkdir(parents=True, exist_ok=True)
        pack_artifact(model, self.given / name / "model.tar.gz")

    def write(self, channel: str, name: str, content: str | bytes) -> Path:
        path = self.given / "channels" / channel / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def write_pairs(self, truths: Sequence[Any], answers: Sequence[Any]) -> None:
        """Held-out rows with these truths, which the model answers so."""
        table = pd.DataFrame({"answer": answers, "truth": truths, "word": "a"})
        self.write("test", "rows.csv", table.to_csv(index=False))

    def compare_with(self, name: str, evaluation: Mapping[str, Any] | str) -> None:
        """Bring the evaluation.json of the input ``name``, champion or baseline."""
        (self.given / name).mkdir(parents=True, exist_ok=True)
        text = evaluation if isinstance(evaluation, str) else json.dumps(evaluation)
        (self.given / name / "evaluation.json").write_text(text)

    def run(self, kind: str = "model", *options: str) -> Outcome:
        done = run_program(["evaluate", kind, *options], self.base, self.algorithm)
        message = self.base / "output/message"
        return Outcome(
            done.returncode, done.stdout, message.read_text() if message.exists() else ""
        )

    def judged(self, *options: str) -> dict[str, Any]:
        """evaluation.json of a run that must end well."""
        outcome = self.run("model", *options)
        assert outcome.code == 0, outcome.log
        return self.read("evaluation.json")

    def refused(self, *words: str, kind: str = "model") -> str:
        """The message of a run that must end with an error of the user, which says ``words``."""
        outcome = self.run(kind)
        assert outcome.code == 1, outcome.log
        assert "Traceback" not in outcome.log
        assert outcome.message in outcome.log
        missing = [word for word in words if word not in outcome.message]
        assert not missing, f"{missing} not in {outcome.message}"
        return outcome.message

    @property
    def page(self) -> str:
        return (self.output / "report.html").read_text()

    def read(self, name: str) -> Any:
        return json.loads((self.output / name).read_text(), parse_constant=pytest.fail)


@pytest.fixture
def evaluation(tmp_path: Path) -> Evaluation:
    return Evaluation(tmp_path / "ml", tmp_path / "algorithm")
