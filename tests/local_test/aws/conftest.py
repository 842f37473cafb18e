"""A local AWS for each module of tests, empty for each test."""

from collections.abc import Iterator

import pytest

from local_test.aws.server import LocalAws, running


@pytest.fixture(scope="module")
def running_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """With processes as its engine."""
    with running(tmp_path_factory.mktemp("aws")) as aws:
        yield aws


@pytest.fixture
def aws(running_aws: LocalAws) -> Iterator[LocalAws]:
    """Forgets everything after the test."""
    yield running_aws
    running_aws.reset()
