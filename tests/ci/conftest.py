"""A local AWS whose clock runs fast, one for each file of tests."""

from collections.abc import Iterator

import pytest

from local_test.aws.clock import Clock
from local_test.aws.server import LocalAws, running

CLOCK_SPEED = 30


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    with running(tmp_path_factory.mktemp("aws"), clock=Clock(CLOCK_SPEED)) as aws:
        yield aws
