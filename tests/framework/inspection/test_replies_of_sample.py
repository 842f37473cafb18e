"""What `describe` says of sample replies: their hash, and no side."""

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from framework.algorithm import Algorithm
from framework.inspection.code import code_of
from framework.inspection.description import describe, describe_source
from tests.framework.inspection.conftest import PROJECT, TOML, describe_process

MakeAlgorithm = Callable[..., Algorithm]
DECLARING = TOML + '[sample]\nreplies = "replies.json"\n'
DESCRIPTIONS = pytest.mark.parametrize("described", [describe, describe_source])


@DESCRIPTIONS
def test_their_hash_is_told(
    algorithm: MakeAlgorithm, described: Callable[[Algorithm], dict[str, Any]]
) -> None:
    for text in ("{}", "{} "):
        made = algorithm({"replies.json": text}, toml=DECLARING)
        assert described(made)["replies"] == hashlib.sha256(text.encode()).hexdigest()


@DESCRIPTIONS
def test_without_a_name_there_are_none(
    algorithm: MakeAlgorithm, described: Callable[[Algorithm], dict[str, Any]]
) -> None:
    assert described(algorithm({"replies.json": "{}"}))["replies"] is None


def test_they_touch_neither_side_whoever_names_them(algorithm: MakeAlgorithm) -> None:
    files = {"predictor.py": "NAMED = 'replies.json'\n", "replies.json": "{}"}
    declared = algorithm(files, 'data_files = ["*.json"]\n', DECLARING)
    (declared.directory / "vocabulary.json").write_text("{}")
    named = {file.path for file in code_of(declared).files}
    assert "vocabulary.json" in named
    assert "replies.json" not in named
    assert "replies.json" not in code_of(declared).unreached
    undeclared = algorithm(files)
    assert "replies.json" in {file.path for file in code_of(undeclared).files}


def test_a_named_file_must_be_there(algorithm: MakeAlgorithm) -> None:
    done = describe_process(algorithm(toml=DECLARING).directory)
    assert (done.returncode, done.stdout) == (1, "")
    assert "[sample] replies names 'replies.json', which is not there" in done.stderr


def test_the_example_has_replies() -> None:
    content = (PROJECT / "container" / "replies.json").read_bytes()
    found = describe_source(Algorithm.load(PROJECT / "container"))
    assert found["replies"] == hashlib.sha256(content).hexdigest()
