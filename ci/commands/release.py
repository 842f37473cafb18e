"""`release`: what the plan says, done: the endpoint is updated, or the image left for training."""

from argparse import Namespace
from collections.abc import Mapping
from typing import Any

from ci import engine
from ci.commands.plan import Plan
from ci.deployment import Deployment
from ci.errors import EXIT_OK, CiError
from ci.holding import Held, holding
from ci.lineage import RELEASE, Lineage
from ci.order import Position, described
from ci.plan import Content, decide
from ci.plan.basis import basis_of
from ci.pointer import Pointer
from ci.proof import Proved, in_container, in_process, prove
from ci.publishing import Registry, tag_of
from ci.release import Release, ReleaseFailed, finished, model_of, released, reply_of, settled
from ci.requests import Model
from ci.stacks import to_stderr
from ci.steps.live import Live, look
from ci.steps.release import BUSY
from ci.steps.setting import Setting

PLANS = 5


class PlanOutOfDate(CiError):
    """Something else happened to the environment since the plan was made."""


class Superseded(CiError):
    """A newer commit has been decided on; this one is not released any more."""


def run(options: Namespace) -> int:
    """Plan, prove, release, verify; every step can be repeated.

    Raises:
        CiError: the proof fails, a newer commit was first, or the endpoint rolled back.
    """
    for _ in range(PLANS - 1):
        try:
            return _planned(options)
        except PlanOutOfDate as error:
            to_stderr(f"{error} Planning again.")
    return _planned(options)


def _planned(options: Namespace) -> int:
    deployment = Deployment.of(options.environment)
    if deployment.is_deployed():
        _finish_what_was_begun(deployment)
    plan = Plan.of(options)
    print("\n".join(plan.as_text()), flush=True)
    decision = plan.decision
    position = Position.of_job(plan.source.commit)
    if not (decision.builds or decision.release):
        if plan.basis.pointed.uri:
            Pointer(plan.deployment.setting()).confirm(position, plan.source.repository)
        return EXIT_OK
    setting = plan.deployment.setting()
    image = _image(plan, options.image) if decision.builds else plan.basis.live.uri
    proved = Proved({}, ())
    if decision.release == "image":
        proved = _proved(plan, setting, image)
    with holding(setting, to_stderr) as held:
        _check_still_so(plan, setting, image)
        if decision.builds:
            Registry.of(plan.deployment).keep(image)
        if decision.release:
            _release(plan, setting, image, proved, held)
        if decision.builds:
            held.check()
            print(Pointer(setting).move(image, position, plan.source.repository))
        else:
            Pointer(setting).confirm(position, plan.source.repository)
    return EXIT_OK


def _image(plan: Plan, given: str) -> str:
    """The published image of the commit.

    Raises:
        CiError: it is not published, or an earlier release of it failed.
    """
    tag = tag_of(plan.source)
    image = given or Registry.of(plan.deployment).find(tag)
    name = plan.deployment.environment.name
    if image is None:
        raise CiError(
            f"The image of this commit ({tag}) is not in ECR. `python -m ci build`, then "
            f"`python -m ci publish {name}`."
        )
    if plan.deployment.setting().rejected(image):
        raise CiError(
            f"{image} was rejected: a release of exactly these files failed or was rolled back. "
            "Push a commit that mends or reverts it."
        )
    return image


def _proved(plan: Plan, setting: Setting, image: str) -> Proved:
    live, artifact = plan.basis.live, look(setting).champion
    if artifact is None:
        raise PlanOutOfDate("There is no live model any more.")
    to_stderr("proving the image on the live artifact")
    before, after = (_record(setting, uri).get("replies") for uri in (live.uri, image))
    if engine.answers():
        registry = Registry.of(plan.deployment)
        new = in_container(registry, image)
        old = in_container(registry, live.uri) if not live.why else None
    else:
        new, old = in_process(plan.source), None
    proved = prove(setting, artifact.artifact, new, old, replies_changed=before != after)
    for note in proved.notes:
        to_stderr(note)
    return proved


def _check_still_so(plan: Plan, setting: Setting, image: str) -> None:
    """Inside the lock: nothing newer has been decided, and the built image is what was planned.

    Raises:
        Superseded: something newer has been decided.
        PlanOutOfDate: the endpoint, or the image, is not what was planned with.
    """
    if plan.decision.release:
        _check_newest(plan, setting)
    now = basis_of(plan.deployment, plan.source.directory)
    if now.config != plan.basis.config:
        raise PlanOutOfDate(
            f"The plan is out of date: the endpoint has {now.config or 'nothing'} now, and had "
            f"{plan.basis.config or 'nothing'} when the plan was made."
        )
    record = _record(setting, image)
    if plan.decision.release == "image" and "code" in record:
        built = Content.of_description(record, plan.source.directory)
        again = decide(built, now, plan.decision.override)
        if again.release != "image":
            brought = ", ".join(one.name for one in again.reasons if one.kind == "shared")
            raise CiError(
                f"The build brought what the live model was not trained with: {brought}. Pin it, "
                "or release with an override that trains."
            )


def _check_newest(plan: Plan, setting: Setting) -> None:
    mine = Position.of_job(plan.source.commit)
    for other in (Pointer(setting).decided_by(), _released_by(look(setting))):
        if mine.is_older_than(other, plan.source.repository):
            raise Superseded(
                f"Nothing is released: {described(other)} is newer than {described(mine)}. "
                "`python -m ci rollback` goes back on purpose."
            )


def _released_by(live: Live) -> Position | None:
    return Position.of_tags(live.champion.lineage) if live.champion else None


def _release(plan: Plan, setting: Setting, image: str, proved: Proved, held: Held) -> None:
    live = look(setting)
    if live.champion is None:
        raise PlanOutOfDate("There is no live model any more.")
    former = live.champion.lineage
    position = Position.of_job(plan.source.commit)
    lineage = {
        **{key: value for key, value in former.items() if key not in ("override", "pipeline")},
        "image": image.rpartition("@")[2],
        "trained-by": former.get("trained-by") or former.get("image", ""),
        **position.tags(),
        **({"override": plan.decision.override} if plan.decision.override else {}),
    }
    model = model_of(setting, live, image, live.champion.artifact, lineage)
    topic = plan.deployment.outputs("retraining")["TopicArn"]
    release = Release(setting, model, topic, held, to_stderr, reply_of(proved.replies))
    record = {
        "commit": plan.source.commit,
        "trained_by": lineage["trained-by"],
        "kind": RELEASE,
        "doomed": image if plan.decision.release == "image" else "",
        "plan": plan.as_json(),
        "proof": list(proved.notes),
    }
    released(release, live, record)
    print(f"Released: {model.name}")


def _finish_what_was_begun(deployment: Deployment) -> None:
    """Verify and write down what went live while the command that released it was killed."""
    setting = deployment.setting()
    lineage, live = Lineage(setting), look(setting)
    if live.status not in BUSY and lineage.unfinished(live.config) is None:
        return
    with holding(setting, to_stderr) as held:
        config = settled(setting, to_stderr).config
        if (record := lineage.unfinished(config)) is None:
            return
        to_stderr(f"finishing {config}, which was interrupted")
        topic = deployment.outputs("retraining")["TopicArn"]
        model = Model(**record["model"])
        try:
            finished(Release(setting, model, topic, held, to_stderr, record["reply"]), record)
        except ReleaseFailed as error:
            to_stderr(str(error))


def _record(setting: Setting, image: str) -> Mapping[str, Any]:
    return setting.read_json(f"images/{image.rpartition(':')[2]}.json") or {}
