"""`deploy` and `back`: the stacks of an environment."""

from argparse import Namespace

from ci.deployment import Deployment
from ci.errors import EXIT_OK
from ci.stacks import to_stderr


def run(options: Namespace) -> int:
    """Bring the stacks to what this commit says."""
    Deployment.of(options.environment).deploy(to_stderr)
    return EXIT_OK


def back(options: Namespace) -> int:
    """Return one stack to an earlier deployment."""
    deployment = Deployment.of(options.environment)
    identity = deployment.back(options.stack, options.to, to_stderr)
    print(f"{deployment.stack_name(options.stack)} is as {identity} again.")
    return EXIT_OK
