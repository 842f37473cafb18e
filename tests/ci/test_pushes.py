"""What becomes of a push: the real pipeline, a real engine, a real registry, in this order."""

from collections.abc import Iterator

import pytest

from local_test.aws.clock import Clock
from local_test.aws.server import running
from tests.ci.push_stories import AllPushes
from tests.ci.team import Team


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    """The stacks are there, and data."""
    place = tmp_path_factory.mktemp("team")
    (place / "aws").mkdir()
    with running(place / "aws", "docker", clock=Clock(30)) as aws:
        team = Team(aws, place)
        team.bootstrap("staging")
        yield team


class TestPushes(AllPushes):
    """In the repository that holds the framework."""
