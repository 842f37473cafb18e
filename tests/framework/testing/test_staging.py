"""Staging lays out what SageMaker lays out, byte for byte where that matters."""

import json
from pathlib import Path

import pytest

from framework.testing import JobDescription, pack_artifact, stage_serving, stage_training


@pytest.mark.parametrize(
    ("spelling", "expected"),
    [
        ("raw", {"loss": "gini", "depth": "8", "rate": "0.1", "flag": "true", "list": "[1, 2]"}),
        (
            "quoted",
            {"loss": '"gini"', "depth": '"8"', "rate": '"0.1"', "flag": '"true"', "list": "[1, 2]"},
        ),
    ],
)
def test_hyperparameters_are_strings_in_either_spelling(tmp_path: Path, spelling, expected):
    values = {"loss": "gini", "depth": 8, "rate": 0.1, "flag": True, "list": [1, 2]}
    layout = stage_training(tmp_path, JobDescription({}, values, spelling))
    assert json.loads((layout.config / "hyperparameters.json").read_text()) == expected


def test_channels_are_copies_or_links_and_configured(tmp_path: Path):
    data = tmp_path / "data"
    data.mkdir()
    (data / "rows.csv").write_text("1,2")
    channels = {"train": data, "extra": data / "rows.csv"}
    copied = stage_training(tmp_path / "copied", JobDescription(channels))
    linked = stage_training(tmp_path / "linked", JobDescription(channels, link_data=True))
    for layout in (copied, linked):
        assert (layout.data / "train" / "rows.csv").read_text() == "1,2"
        assert (layout.data / "extra" / "rows.csv").read_text() == "1,2"
        config = json.loads((layout.config / "inputdataconfig.json").read_text())
        assert config["train"]["TrainingInputMode"] == "File"
    assert not (copied.data / "train").is_symlink()
    assert (linked.data / "train").is_symlink()


def test_checkpointing_is_configured_only_when_asked_for(tmp_path: Path):
    without = stage_training(tmp_path / "without", JobDescription())
    path = "/opt/ml/checkpoints"
    with_it = stage_training(tmp_path / "with", JobDescription(checkpoint_path=path))
    assert not (without.config / "checkpointconfig.json").exists()
    config = json.loads((with_it.config / "checkpointconfig.json").read_text())
    assert config == {"LocalPath": path}


def test_an_artifact_is_served_from_a_directory_or_an_archive(tmp_path: Path):
    model = tmp_path / "model"
    (model / "deep").mkdir(parents=True)
    (model / "deep" / "weights").write_text("w")
    archive = pack_artifact(model, tmp_path / "model.tar.gz")
    for name, artifact in (("a", model), ("b", archive)):
        layout = stage_serving(tmp_path / name, artifact)
        assert (layout.model / "deep" / "weights").read_text() == "w"
