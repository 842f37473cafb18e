"""Every call of a release and a rollback may break in every way: a sample; `make drill-faults`."""

import random
from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle

import pytest

from local_test.aws.server import LocalAws
from tests.ci.stage import AT_ONCE, COMMANDS, PREDICTOR, Command, Stage
from tests.ci.wire import FAULTS, Call, wired

SEED = 4
DEAR = ("[deployment]", '[endpoint.environment]\nSHOP_IS_DEAR = "1"\n[deployment]')
OWN_TO_ROLLBACK = ("rejected", "pointer", "PutParameter", "UpdateEndpoint")


@pytest.fixture(scope="module")
def stage(local: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with wired(local.world.url) as wire:
        stage = Stage(local, tmp_path_factory.mktemp("stage"), wire)
        stage.set_up()
        yield stage


@pytest.mark.timeout(600)
@pytest.mark.parametrize("command", COMMANDS)
def test_whatever_call_breaks_the_same_command_again_ends_well(
    stage: Stage, command: Command, subtests: pytest.Subtests
) -> None:
    dice = random.Random(SEED)
    faults = cycle(dice.sample(FAULTS, len(FAULTS)))
    for call, fault in zip(_sample(stage.calls_of(command), command, dice), faults, strict=False):
        with subtests.test(f"{call} {fault.name}"):
            assert stage.faults_of(command, call, fault) == []


def _sample(calls: list[Call], command: Command, dice: random.Random) -> list[Call]:
    """What changes something; of a rollback, what a release does not do alike. And one read."""
    changing = [one for one in calls if one.changes]
    reading = [one for one in calls if not one.changes and one.number == 1]
    if command == "rollback":
        changing = [one for one in changing if any(word in one.name for word in OWN_TO_ROLLBACK)]
    return [*changing, dice.choice(reading)]


@pytest.mark.timeout(600)
def test_a_bad_release_that_is_killed_on_its_way_back_is_brought_back(stage: Stage) -> None:
    before, pointed = stage.settled(), stage.pointer()
    stage.write(*AT_ONCE, DEAR)
    wrong = "return 1000 * len(os.environ.get('SHOP_IS_DEAR', '')) + (data"
    stage.replace(PREDICTOR, "return (data", wrong)
    stage.commit()
    stage.other = replace(stage.other, image=stage.publish())
    stage.run("release", Call("sagemaker UpdateEndpoint", 2), FAULTS[0])
    assert stage.wire.broken
    assert stage.settled() != before
    again = stage.run("release")
    assert again.returncode == 1
    assert f"{before} is back" in again.stderr
    assert "was rejected" in again.stderr
    assert (stage.settled(), stage.pointer()) == (before, pointed)
