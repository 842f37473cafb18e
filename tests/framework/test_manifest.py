"""manifest.json is written whole, read back equal, and explained when it is damaged."""

import json

import pytest

from framework import ArtifactError
from framework.manifest import DataVersion, GoldenAnswers, Manifest
from framework.schema import SampleRequest


@pytest.fixture
def manifest():
    return Manifest(
        framework="0.1.0",
        python="3.11.7",
        packages={"numpy": "2.0.0"},
        code={"trainer.py": "aa"},
        training_job="job-1",
        hyperparameters={"epochs": 3, "name": "ä"},
        metrics={"loss": 0.25},
        data={"train": DataVersion(files=1, bytes=18, fingerprint="ff")},
        statistics={"0": {"mean": 1.5}},
        sample=SampleRequest(content_type="application/json", body='{"instances": [[1.0]]}'),
        golden=GoldenAnswers(values=[1.0, None, "a"], dtype="object", tolerance=0),
    )


def test_what_is_written_is_read_back(manifest, tmp_path):
    manifest.write(tmp_path)

    assert Manifest.read(tmp_path) == manifest
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.json"]
    assert json.loads((tmp_path / "manifest.json").read_text())["hyperparameters"]["name"] == "ä"


def test_values_that_json_cannot_hold_become_null(manifest, tmp_path):
    manifest.metrics["loss"] = float("nan")
    manifest.golden = GoldenAnswers(values=[float("inf")], dtype="float64", tolerance=0)
    manifest.write(tmp_path)

    read = Manifest.read(tmp_path)

    assert read.metrics == {"loss": None}
    assert read.golden.values == [None]


def test_an_artifact_without_a_manifest_has_none(tmp_path):
    assert Manifest.read(tmp_path) is None


def test_what_a_newer_framework_added_is_tolerated(manifest, tmp_path):
    content = manifest.model_dump(mode="json") | {"invented_later": 1}
    (tmp_path / "manifest.json").write_text(json.dumps(content))

    assert Manifest.read(tmp_path) == manifest


@pytest.mark.parametrize("content", [b"", b"{", b'{"framework": "0.1.0"}', b"[]", b"\xff\xfe{}"])
def test_a_damaged_manifest_is_explained(tmp_path, content):
    (tmp_path / "manifest.json").write_bytes(content)

    with pytest.raises(ArtifactError, match=r"manifest.json is damaged.*Train again"):
        Manifest.read(tmp_path)
