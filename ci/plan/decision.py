"""What follows for one environment from what differs. Pure: it asks nobody.

- S∩R, what both sides reach, differs from the image that trained the live artifact: the commit
  waits for training, whatever else differs; new serving code would not fit the live model.
- Else S, what serving reaches, differs from the live image: it is released with the live artifact.
- R, what training reaches, differs from the image at the pointer: it waits for training.
- What the image starts from, or how it is built, differs: both.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from ci.plan.comparison import SHARED, Difference, differences
from ci.plan.content import SERVING, TRAINING, Content

CHANGING = ("Updating", "SystemUpdating", "RollingBack")
Release = Literal["image", "settings", ""]
Override = Literal["release", "train", "nothing", ""]


@dataclass(frozen=True)
class Known:
    """An image that the commit is compared with.

    Attributes:
        uri: empty when there is none.
        content: None when it cannot be known.
        why: why it cannot, as a sentence; empty when it is known.
        commit: that it was built of; empty when nobody said.
        rejected: whether a release of it failed or was rolled back.
    """

    uri: str = ""
    content: Content | None = None
    why: str = ""
    commit: str = ""
    rejected: bool = False


@dataclass(frozen=True)
class Basis:
    """What an environment has now.

    Attributes:
        endpoint: SageMaker's status, or "Absent".
        config: the endpoint's config.
        live: the serving image.
        trained: the image that trained the live artifact.
        pointed: the image at the training pointer.
        settings: what of the endpoint's settings differs from the environment file.
    """

    endpoint: str
    config: str
    live: Known
    trained: Known
    pointed: Known
    settings: tuple[str, ...] = ()

    @property
    def serves(self) -> bool:
        """Whether there is an endpoint that a release could update."""
        return self.endpoint in ("InService", *CHANGING)


@dataclass(frozen=True)
class Reason:
    """One thing that differs: ``kind`` says which comparison found it."""

    kind: Literal["shared", "serving", "training", "pointer", "image", "settings"]
    name: str
    change: str
    detail: str


@dataclass(frozen=True)
class Decision:
    """What happens to the commit.

    Attributes:
        release: "image" updates the endpoint with a new image, "settings" with the live one.
        train: the image is left for the next run.
        notes: what could not be known, and what was decided because of that.
    """

    release: Release
    train: bool
    reasons: tuple[Reason, ...] = ()
    notes: tuple[str, ...] = ()
    override: Override = ""

    @property
    def builds(self) -> bool:
        return self.release == "image" or self.train

    @property
    def sentence(self) -> str:
        """The decision for a person."""
        what = {
            ("image", False): "Goes to the live endpoint, with the live artifact.",
            ("image", True): "Goes to the live endpoint with the live artifact, and is left for "
            "the next training run.",
            ("settings", False): "The endpoint gets new settings; image and artifact stay.",
            ("settings", True): "The endpoint gets new settings; the image is left for the next "
            "training run.",
            ("", True): "Left for the next training run; the endpoint stays as it is.",
            ("", False): "Nothing to build and nothing to release.",
        }[self.release, self.train]
        shared = [reason.name for reason in self.reasons if reason.kind == "shared"]
        if not shared or self.release == "image" or self.override:
            return what
        if not (self.train or self.release):
            return f"It waits for the next training run already: {listed(shared)}."
        return f"{what} Training and serving share {listed(shared)}."


def decide(head: Content, basis: Basis, override: Override = "") -> Decision:
    """The decision, with a reason for each file and package that caused it."""
    skew = tuple(_reasons("shared", head, basis.trained, SHARED))
    serving = tuple(_reasons("serving", head, basis.live, frozenset({SERVING})))
    training = tuple(_reasons("training", head, basis.pointed, frozenset({TRAINING})))
    stale = tuple(_reasons("pointer", head, basis.pointed, frozenset({SERVING})))
    image = tuple(_made_otherwise(head, basis.live)) if basis.serves else ()
    next_image = tuple(_made_otherwise(head, basis.pointed))

    fits = basis.serves and basis.trained.content is not None and not skew
    changed = bool(serving or image) or basis.live.content is None
    release: Release = "image" if fits and changed else ""
    if not release and basis.serves and basis.settings:
        release = "settings"
    waits = bool(training or next_image) or basis.pointed.content is None
    train = waits or (release != "image" and bool(stale))
    decided = Decision(
        release,
        train,
        reasons=(
            *(skew if basis.serves else ()),
            *(serving if basis.serves else ()),
            *training,
            *(stale if train and release != "image" and not training else ()),
            *dict.fromkeys((*image, *next_image)),
            *(Reason("settings", name, "changed", "") for name in basis.settings),
        ),
        notes=(*_notes(head, basis), *head.warnings),
    )
    return _overridden(decided, basis, override) if override else decided


def _reasons(
    kind: Literal["shared", "serving", "training", "pointer"],
    head: Content,
    other: Known,
    sides: frozenset[str],
) -> Iterator[Reason]:
    found: list[Difference] = differences(head, other.content, sides) if other.content else []
    for one in found:
        yield Reason(kind, one.name, one.change, one.detail)


def _made_otherwise(head: Content, other: Known) -> Iterator[Reason]:
    content = other.content
    if content and isinstance(content.recipe, Mapping) and head.recipe is not None:
        for name in sorted(content.recipe.keys() | head.recipe.keys()):
            if content.recipe.get(name) != head.recipe.get(name):
                yield Reason("image", name, "changed", "")
    if content and content.base and head.base and content.base != head.base:
        yield Reason("image", "the base image", "changed", f"{content.base} → {head.base}")


def _notes(head: Content, basis: Basis) -> Iterator[str]:
    compared = (basis.live, basis.trained, basis.pointed)
    if basis.endpoint == "Absent":
        yield "There is no endpoint yet: the next training run creates it."
    elif not basis.serves:
        yield f"The endpoint is {basis.endpoint}: nothing can be released to it."
    if basis.endpoint in CHANGING:
        yield f"The endpoint is {basis.endpoint}: a release waits for that, and plans again then."
    yield from dict.fromkeys(known.why for known in compared if known.why)
    if basis.serves and basis.trained.content is None:
        yield "What trained the live artifact is not known, so nothing is released to it."
    if not basis.pointed.uri and not basis.pointed.why:
        yield "No image is at the training pointer yet."
    if basis.pointed.rejected:
        yield "The image at the training pointer was rejected: no run uses it."
    if any(known.content and known.content.recipe is None for known in compared):
        yield "How an image was made is not on record, so the Dockerfile is not compared with it."


def _overridden(decided: Decision, basis: Basis, override: Override) -> Decision:
    release: Release = "image" if override == "release" and basis.serves else ""
    said = f"Overridden: the rule says “{decided.sentence}” The proof must still pass."
    return replace(
        decided,
        release=release,
        train=override == "train" or (override == "release" and not basis.serves),
        notes=(*decided.notes, said),
        override=override,
    )


def listed(names: list[str], shown: int = 3) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(names[:shown]) + more
