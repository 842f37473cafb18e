"""input/config as SageMaker writes it, with keys missing and keys added."""

import json

import pytest

from framework import ConfigurationError
from framework.layout import Layout
from framework.training.contract import Contract


@pytest.fixture
def layout(tmp_path):
    layout = Layout(tmp_path)
    layout.config.mkdir(parents=True)
    return layout


def configure(layout, **files):
    for name, content in files.items():
        (layout.config / f"{name}.json").write_text(json.dumps(content))


def test_a_whole_configuration(layout):
    configure(
        layout,
        hyperparameters={"epochs": "3"},
        inputdataconfig={
            "train": {
                "TrainingInputMode": "FastFile",
                "S3DistributionType": "FullyReplicated",
                "RecordWrapperType": "None",
                "ContentType": "text/csv",
            },
            "test": {"TrainingInputMode": "File"},
        },
        resourceconfig={
            "current_host": "algo-2",
            "hosts": ["algo-2", "algo-1"],
            "network_interface_name": "eth0",
            "instance_groups": [],
            "topology": None,
        },
        checkpointconfig={"S3Uri": "s3://b/c", "LocalPath": str(layout.base / "elsewhere")},
    )

    contract = Contract.read(layout)

    assert contract.hyperparameters == {"epochs": "3"}
    assert contract.channels["train"].input_mode == "FastFile"
    assert contract.channels["train"].content_type == "text/csv"
    assert contract.channels["test"].path == layout.data / "test"
    assert contract.resources.hosts == ("algo-1", "algo-2")
    assert not contract.resources.is_leader
    assert contract.checkpoints == layout.base / "elsewhere"
    assert contract.output_data == layout.output_data / "algo-2"


def test_an_empty_configuration_is_one_host_without_channels(layout):
    contract = Contract.read(layout)

    assert contract.channels == {}
    assert contract.resources.hosts == ("algo-1",)
    assert contract.resources.is_leader
    assert contract.checkpoints == layout.checkpoints
    assert contract.output_data == layout.output_data


def test_without_inputdataconfig_the_directories_are_the_channels(layout):
    (layout.data / "train").mkdir(parents=True)
    (layout.data / "train-manifest").write_text("{}")

    assert list(Contract.read(layout).channels) == ["train"]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"inputdataconfig": {"train": "s3://bucket"}}, "channel 'train' must be an object"),
        ({"inputdataconfig": {"train": {"TrainingInputMode": "Pipe"}}}, "FastFile"),
        ({"hyperparameters": {"a": [1]}}, 'Write "\\[1\\]"'),
        ({"resourceconfig": {"current_host": "algo-3", "hosts": ["algo-1"]}}, "algo-3"),
        ({"checkpointconfig": []}, "checkpointconfig.json must hold a JSON object"),
    ],
)
def test_a_wrong_configuration_says_what_to_write(layout, files, expected):
    configure(layout, **files)

    with pytest.raises(ConfigurationError, match=expected):
        Contract.read(layout)
