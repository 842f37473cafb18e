"""Environment files: what is refused, and why."""

from pathlib import Path

import pytest

from ci.environment import DIRECTORY, read_environment, stack_parameters
from ci.errors import EnvironmentFault

BASE = 'project = "shop"\nname = "test"\nregion = "eu-west-1"\n'
SERVERLESS = "[endpoint.serverless]\nmemory_mb = 2048\n"
NO_CAPTURE = "[capture]\npercent = 0\n"

REFUSED = {
    "canary under 2 instances": ('[deployment]\npolicy = "canary"', "needs 2 instances"),
    "linear under 2 instances": ('[deployment]\npolicy = "linear"', "needs 2 instances"),
    "rollback without alarms": ("[deployment]\nalarms = false", "nothing would ring"),
    "rolling and serverless": (
        f'{SERVERLESS}{NO_CAPTURE}[deployment]\npolicy = "rolling"',
        "updated all at once",
    ),
    "serverless and capture": (SERVERLESS, "no data capture"),
    "serverless and isolation": (
        f"[endpoint]\nisolation = true\n{SERVERLESS}{NO_CAPTURE}",
        "neither VPC nor isolation",
    ),
    "serverless and VPC": (
        f'[endpoint]\nsubnets = ["s"]\nsecurity_groups = ["g"]\n{SERVERLESS}{NO_CAPTURE}',
        "neither VPC nor isolation",
    ),
    "serverless and scaling": (
        f"{SERVERLESS}{NO_CAPTURE}[scaling]\nmaximum = 3",
        "scales by itself",
    ),
    "spot and warm pool": ("[training]\nspot = true\nwarm_pool_seconds = 60", "no warm pool"),
    "spot without checkpoints": ("[training]\nspot = true\ncheckpoints = false", "begin anew"),
    "spot that waits too little": (
        "[training]\nspot = true\nmax_wait_seconds = 10",
        "max_wait_seconds must be at least",
    ),
    "scaling upside down": ("[scaling]\nminimum = 3\nmaximum = 2", "above scaling.maximum"),
    "count outside of scaling": ("[scaling]\nminimum = 2\nmaximum = 4", "must lie between"),
    "held-out channel unknown": ('[data]\nheld_out = "exam"', "none of data.channels"),
    "subnets alone": ('[training]\nsubnets = ["s"]', "go together"),
    "a typo": ("[training]\nspott = true", "Did you mean training.spot?"),
    "an unknown table": ("[trainin]\nspot = true", "Did you mean training?"),
    "a text for a number": ('[training]\nvolume_gb = "30"', "must be int"),
    "a number for a switch": ("[training]\nspot = 1", "must be bool"),
    "an unknown policy": ('[deployment]\npolicy = "blue"', "none of all-at-once"),
    "too long a bake": ("[deployment]\nbake_seconds = 99999", "not between 0 and 3600"),
    "no TOML": ("[training", "is not TOML"),
}


def written(directory: Path, text: str) -> str:
    path = directory / "test.toml"
    path.write_text(BASE + text)
    return str(path)


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_meant_is_refused(case: str, tmp_path: Path) -> None:
    text, reason = REFUSED[case]
    with pytest.raises(EnvironmentFault, match=r"test\.toml") as refused:
        read_environment(written(tmp_path, text))
    assert reason in str(refused.value)


def test_a_missing_name_is_said(tmp_path: Path) -> None:
    path = tmp_path / "test.toml"
    path.write_text('project = "shop"\nname = "test"\n')
    with pytest.raises(EnvironmentFault, match="lacks region"):
        read_environment(str(path))


def test_an_unknown_environment_names_those_there_are() -> None:
    with pytest.raises(EnvironmentFault, match="production, staging"):
        read_environment("stagging")


@pytest.mark.parametrize("file", sorted(DIRECTORY.glob("*.toml")), ids=lambda file: file.stem)
def test_the_shipped_files_are_accepted(file: Path) -> None:
    environment = read_environment(file.stem)
    assert environment.name == file.stem
    assert stack_parameters(environment)["EndpointName"] == environment.endpoint_name


def test_every_value_can_be_set(tmp_path: Path) -> None:
    environment = read_environment(
        written(
            tmp_path,
            "[endpoint]\ninstance_count = 3\n[training]\nspot = true\n"
            '[training.hyperparameters]\nrounds = 30\n[deployment]\npolicy = "canary"\n'
            "error_percent = 2\n",
        )
    )
    assert environment.training.hyperparameters == {"rounds": "30"}
    assert environment.deployment.error_percent == 2.0
