"""The drill of pushes: all stories in a repository that `ci new` made, without the framework.

    python -m tests.drills.pushes

tests/ci/test_pushes.py tells the same stories in the repository that holds the framework.
"""

import argparse
import os
import sys

import pytest

from tests.ci.houses import PushesOfNewRepository
from tests.ci.push_stories import AllPushes


class TestAllPushes(PushesOfNewRepository, AllPushes):
    """In a repository without the framework."""


def main() -> int:
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    os.environ |= {"REQUIRE_DOCKER": "1", "REQUIRE_GITLAB": "1"}
    return pytest.main(["-x", "-v", "--durations=0", __file__])


if __name__ == "__main__":
    sys.exit(main())
