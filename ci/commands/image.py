"""`build` and `publish`: the image of a commit, only when the plan wants one."""

from argparse import Namespace

from ci import publishing
from ci.commands.plan import Plan
from ci.commands.point import by_digest, keep, read_description
from ci.errors import EXIT_OK
from ci.stacks import to_stderr


def build(options: Namespace) -> int:
    """Build it, and print its name in the engine."""
    plan = Plan.of(options)
    if not plan.decision.builds:
        to_stderr(f"{plan.decision.sentence} Nothing is built.")
        return EXIT_OK
    print(publishing.build(plan.source, to_stderr))
    return EXIT_OK


def publish(options: Namespace) -> int:
    """Push it, or keep the description of one that is in ECR; print its URI by digest.

    Raises:
        CiError: it is not built, or what was given is no URI by digest or no description.
    """
    plan = Plan.of(options)
    if options.image:
        described = read_description(options.description)
        keep(plan.deployment, by_digest(options.image), {**described, **plan.source.marks()})
        print(options.image)
        return EXIT_OK
    if not plan.decision.builds:
        to_stderr(f"{plan.decision.sentence} Nothing is published.")
        return EXIT_OK
    print(publishing.publish(plan.deployment, plan.source, to_stderr))
    return EXIT_OK
