"""Every check of `doctor` finds a planted fault, and is content when it is taken away."""

import json
from collections.abc import Iterator

import pytest

from ci.doctor import CHECKS
from local_test.aws.server import LocalAws, running
from tests.ci.account_faults import ACCESS, FAULTS, OWN, QUOTAS, Patient


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """With a clock of usual speed: no hour goes by, so no hourly job fails by itself."""
    with running(tmp_path_factory.mktemp("aws")) as aws:
        yield aws


@pytest.fixture(scope="module")
def patient(local: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Patient:
    return Patient(local, tmp_path_factory.mktemp("shop"))


def test_every_check_has_a_fault_that_it_finds() -> None:
    assert {check for check, _, _ in FAULTS.values()} == {check.name for check in CHECKS}


def test_a_good_account_is_ready(patient: Patient) -> None:
    done = patient.ci("doctor")
    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines()[-1] == f"{len(CHECKS)} ok, 0 to mend, 0 not checked"


@pytest.mark.parametrize("fault", FAULTS)
def test_a_check_finds_its_fault(patient: Patient, fault: str) -> None:
    check, plant, words = FAULTS[fault]
    undo = plant(patient)
    try:
        done = patient.ci("doctor", "--json")
    finally:
        undo()
    assert done.returncode == 1, done.stderr
    found = {one["name"]: one for one in json.loads(done.stdout)}[check]
    assert found["outcome"] == "problem"
    assert words in found["sentence"]
    assert len(found["mend"]) > 20


def test_all_faults_were_taken_away(patient: Patient) -> None:
    """So that none of the tests above has seen another's."""
    wrong = [one for one in patient.findings().values() if one["outcome"] != "ok"]
    assert wrong == []


def test_what_cannot_be_asked_is_not_called_good(patient: Patient) -> None:
    patient.world.quotas.clear()
    found = patient.findings()["quotas"]
    patient.world.quotas.update(QUOTAS)
    assert found["outcome"] == "not checked"
    assert "lists no quota" in found["sentence"]


def test_an_empty_account_is_told_what_to_do_first(patient: Patient) -> None:
    patient.write(('name = "test"', 'name = "fresh"'))
    done = patient.ci("doctor")
    patient.write(OWN, ACCESS)
    assert done.returncode == 1
    assert "An administrator makes all of them with `python -m ci deploy fresh`." in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
