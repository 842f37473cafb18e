"""`deploy` and `back`: the stacks of an environment."""

import json
from argparse import Namespace

from ci import rehearsal
from ci.deployment import Deployment
from ci.errors import EXIT_OK
from ci.stacks import to_stderr


def run(options: Namespace) -> int:
    """Bring the stacks to what this commit says, or say what that would change."""
    deployment = Deployment.of(options.environment)
    if options.dry_run:
        return _rehearse(deployment, options)
    deployment.deploy(to_stderr)
    return EXIT_OK


def back(options: Namespace) -> int:
    """Return one stack to an earlier deployment."""
    deployment = Deployment.of(options.environment)
    identity = deployment.back(options.stack, options.to, to_stderr)
    print(f"{deployment.stack_name(options.stack)} is as {identity} again.")
    return EXIT_OK


def _rehearse(deployment: Deployment, options: Namespace) -> int:
    rehearsed = rehearsal.rehearse(deployment)
    if options.markdown:
        rehearsal.write_markdown(deployment.environment.name, rehearsed, options.markdown)
    if options.json:
        print(json.dumps(rehearsal.as_json(rehearsed), indent=2))
    else:
        print("\n".join(line for one in rehearsed for line in one.lines()))
    return EXIT_OK
