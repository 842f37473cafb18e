"""The check of sample replies: which changes of a reply it names, and which it lets pass."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from framework.testing.outcome import Outcome, Result
from tests.framework.testing.planted import BROKEN, checked

OWN_ENCODE = """
from bayes import answer
from framework import Predictor, RequestError

class TopicPredictor(Predictor):
    def predict(self, data):
        return [answer(self.model, text) for text in data]

    def encode(self, answers, invocation):
        if invocation.accept == "text/csv":
            %s
        return super().encode(answers, invocation)
"""
UPDATE = "`python -m local_test replies` updates the file"


@pytest.fixture
def algorithm(tmp_path: Path) -> Path:
    """The good algorithm of texts, with the sample replies of one that trained as it does."""
    directory = tmp_path / "algorithm"
    shutil.copytree(BROKEN / "bases" / "texts", directory)
    for name in ("algorithm.toml", "replies.json"):
        shutil.copy(BROKEN / "faults" / "sample-replies" / "texts" / name, directory)
    return directory


def check(algorithm: Path) -> Result:
    return checked(algorithm, algorithm.parent, "sample-replies")


def failure(algorithm: Path) -> str:
    result = check(algorithm)
    assert result.outcome == Outcome.FAILED
    return result.message


def change(algorithm: Path, **values: Any) -> None:
    path = algorithm / "replies.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def encode_csv(algorithm: Path, statement: str) -> None:
    (algorithm / "predictor.py").write_text(OWN_ENCODE % statement)


def test_another_model_has_other_values_in_the_same_form(algorithm: Path) -> None:
    declared = algorithm / "algorithm.toml"
    declared.write_text(declared.read_text().replace("smoothing = 0.5", "smoothing = 9.0"))
    result = check(algorithm)
    assert result.outcome == Outcome.PASSED, result.message
    assert "application/json, text/csv, application/jsonlines" in result.message


def test_a_dropped_column_is_named(algorithm: Path) -> None:
    encode_csv(algorithm, 'return "\\n".join(one["topic"] for one in answers)')
    said = failure(algorithm)
    assert "text/csv: a line has 1 columns, no longer 2" in said
    assert UPDATE in said


def test_a_type_that_is_refused_now_is_named(algorithm: Path) -> None:
    encode_csv(algorithm, 'raise RequestError(406, "No CSV.")')
    assert "text/csv is answered no more" in failure(algorithm)


def test_a_type_that_was_not_answered_before_is_named(algorithm: Path) -> None:
    replies = json.loads((algorithm / "replies.json").read_text())["replies"]
    change(algorithm, replies={name: replies[name] for name in replies if name != "text/csv"})
    assert "text/csv is answered now" in failure(algorithm)


def test_a_request_that_clients_may_send_no_more_is_named(algorithm: Path) -> None:
    change(algorithm, request={"content_type": "application/json", "body": '[{"no": "such"}]'})
    said = failure(algorithm)
    assert "The request of replies.json is refused with 422" in said
    assert UPDATE in said


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "There is no replies.json"), ('{"request": {}}', "holds no sample replies")],
)
def test_a_file_that_cannot_be_read(algorithm: Path, content: str | None, words: str) -> None:
    path = algorithm / "replies.json"
    path.unlink()
    if content is not None:
        path.write_text(content)
    said = failure(algorithm)
    assert words in said
    assert "python -m local_test replies" in said


def test_without_declared_replies_none_can_differ(tmp_path: Path) -> None:
    algorithm = tmp_path / "algorithm"
    shutil.copytree(BROKEN / "bases" / "texts", algorithm)
    result = check(algorithm)
    assert result.outcome == Outcome.PASSED
    assert "No sample replies belong to this job" in result.message
