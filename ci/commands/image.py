"""`base`, `build`, `check` and `publish`: the image of a commit, only when a plan wants one."""

import copy
from argparse import Namespace
from typing import Any

from ci import engine, publishing
from ci.commands.plan import Plan
from ci.commands.point import by_digest, keep, read_description
from ci.deployment import Deployment
from ci.errors import EXIT_OK, CiError
from ci.junit import as_junit
from ci.source import Source
from ci.stacks import to_stderr


class CheckFailed(CiError):
    """The image does not keep the contract."""


def base(options: Namespace) -> int:
    """Print what the newest base image is, for later jobs, which then build on exactly that.

    Raises:
        EngineFault: no registry has it.
    """
    name = Source.here(options.commit, "").base
    pinned = engine.by_digest(name, newest=True) if name else None
    if pinned is None:
        raise CiError("The Dockerfile has no ARG BASE_IMAGE that names an image of a registry.")
    print(f"BASE_IMAGE={pinned}")
    return EXIT_OK


def build(options: Namespace) -> int:
    """Build it, and print its name in the engine.

    Raises:
        EngineFault: the build failed.
    """
    plans = [_plan_for(options, environment) for environment in options.environments]
    wanted = [plan for plan in plans if plan.decision.builds]
    for plan in plans:
        to_stderr(f"{plan.deployment.environment.name}: {plan.decision.sentence}")
    if not wanted:
        to_stderr("Nothing is built.")
        return EXIT_OK
    known = [plan for plan in plans if plan.basis.pointed.uri]
    cache = publishing.former_image(known[0].deployment, known[0].basis.pointed) if known else None
    print(publishing.build(wanted[0].source, to_stderr, cache))
    return EXIT_OK


def check(options: Namespace) -> int:
    """Let the built image prove that it keeps the contract; nothing when none was built.

    Raises:
        CheckFailed: a check of the conformance suite failed, or could not be made.
    """
    source = Source.here(options.commit, options.algorithm)
    if not publishing.is_built(source):
        to_stderr("Nothing was built, so nothing is checked.")
        return EXIT_OK
    name = publishing.local_name(source)
    outcomes = _checked(name, options.only)
    if options.junit:
        options.junit.write_text(as_junit("check", outcomes), encoding="utf-8")
    for one in outcomes:
        print(f"{one['outcome']:>11}  {one['check']}: {one['message']}")
    if failed := _failed(outcomes):
        raise CheckFailed(f"{name} does not keep the contract: see {', '.join(failed)} above.")
    return EXIT_OK


def _checked(name: str, only: list[str]) -> list[dict[str, Any]]:
    """The outcomes; what fails is asked once more, because runners can be slow for a moment."""
    outcomes = engine.check(name, only)
    if not (failed := _failed(outcomes)):
        return outcomes
    to_stderr(f"asking once more: {', '.join(failed)}")
    again = {one["check"]: one for one in engine.check(name, failed)}
    return [again.get(one["check"], one) for one in outcomes]


def _failed(outcomes: list[dict[str, Any]]) -> list[str]:
    """What did not pass; a check that could not be made is no proof."""
    return [one["check"] for one in outcomes if one["outcome"] != "passed"]


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
    if not plan.decision.builds and not publishing.is_built(plan.source):
        to_stderr(f"{plan.decision.sentence} Nothing is pushed.")
        if waiting := plan.basis.pointed.uri:  # where other environments look for this commit
            tag = publishing.tag_of(plan.source)
            publishing.Registry.of(plan.deployment).name_again(waiting, tag)
        return EXIT_OK
    origin = Deployment.of(options.origin) if options.origin else None
    print(publishing.publish(plan.deployment, plan.source, to_stderr, origin))
    return EXIT_OK


def _plan_for(options: Namespace, environment: str) -> Plan:
    chosen = copy.copy(options)
    chosen.environment = environment
    return Plan.of(chosen)
