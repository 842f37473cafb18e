"""`build` and `publish`: the image of a commit, only when a plan wants one."""

import copy
from argparse import Namespace

from ci import engine, publishing
from ci.commands.plan import Plan
from ci.commands.point import by_digest, keep, read_description
from ci.deployment import Deployment
from ci.errors import EXIT_OK, CiError
from ci.junit import as_junit
from ci.stacks import to_stderr


class CheckFailed(CiError):
    """The image does not keep the contract."""


def build(options: Namespace) -> int:
    """Build it, let it prove that it keeps the contract, and print its name in the engine.

    Raises:
        EngineFault: the build failed.
        CheckFailed: a check of the conformance suite failed.
    """
    plans = [_plan_for(options, environment) for environment in options.environments]
    wanted = [plan for plan in plans if plan.decision.builds]
    for plan in plans:
        to_stderr(f"{plan.deployment.environment.name}: {plan.decision.sentence}")
    if not wanted:
        to_stderr("Nothing is built.")
        return EXIT_OK
    name = publishing.build(wanted[0].source, to_stderr)
    outcomes = engine.check(name)
    if options.junit:
        options.junit.write_text(as_junit("check", outcomes), encoding="utf-8")
    for one in outcomes:
        to_stderr(f"{one['outcome']:>11}  {one['check']}: {one['message']}")
    if failed := [one["check"] for one in outcomes if one["outcome"] != "passed"]:
        raise CheckFailed(f"{name} does not keep the contract: see {', '.join(failed)} above.")
    print(name)
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
    origin = Deployment.of(options.origin) if options.origin else None
    print(publishing.publish(plan.deployment, plan.source, to_stderr, origin))
    return EXIT_OK


def _plan_for(options: Namespace, environment: str) -> Plan:
    chosen = copy.copy(options)
    chosen.environment = environment
    return Plan.of(chosen)
