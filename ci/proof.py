"""The proof: a new image serves the LIVE artifact as it must, before anything changes."""

import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from ci import engine
from ci.client import saying
from ci.errors import CiError
from ci.publishing import Registry
from ci.source import Source
from ci.steps.golden import same
from ci.steps.setting import Setting

SLOWER = 1.5
SLACK_SECONDS = 0.005
MEASURED_AGAIN = 2
Run = Callable[[Path], tuple[int, str, str]]


class ProofFailed(CiError):
    """The new image does not do with the live artifact what it must; nothing was touched."""


@dataclass(frozen=True)
class Proved:
    """What was seen.

    Attributes:
        replies: accept type → what the new image answers to the sample.
        notes: sentences for the log.
    """

    replies: Mapping[str, Any]
    notes: tuple[str, ...]


def in_container(registry: Registry, uri: str) -> Run:
    """How `prove` of a published image is run."""
    return lambda model: engine.prove(registry.pull(uri), model)


def in_process(source: Source) -> Run:
    """How it is run on a commit's files without an engine, with the packages of this Python."""

    def run(model: Path) -> tuple[int, str, str]:
        base = model.parent
        files = base / f"files-{source.commit[:12]}"
        if not files.exists():
            source.repository.export(source.commit, files)
        done = subprocess.run(
            [sys.executable, "-m", "framework", "prove"],
            cwd=files,
            env={
                **os.environ,
                "ALGORITHM_DIR": str(files / source.directory),
                "SAGEMAKER_BASE_DIR": str(base),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    return run


def prove(
    setting: Setting, artifact: str, new: Run, live: Run | None, *, replies_changed: bool
) -> Proved:
    """Let the new image serve the live artifact, and the live image, too, to compare.

    Args:
        artifact: S3 URI of the live model.tar.gz.
        live: None when the live image cannot be run any more.
        replies_changed: whether the commit brings other sample replies than the live image had.

    Raises:
        ProofFailed: it does not load it, answers otherwise, in another form, or far slower.
    """
    with tempfile.TemporaryDirectory(prefix="proof-") as place:
        model = Path(place, "model")
        _fetch(setting, artifact, model)
        found = _told(new, model, "The new image")
        golden = found["golden"]
        if golden["asked"] and not golden["same"]:
            raise ProofFailed(
                "With the live artifact the new image does not reproduce its golden answers: "
                f"{golden['difference']} If serving is to answer otherwise, train again: change "
                "what training and serving share, or push with an override."
            )
        notes = [] if golden["asked"] else [f"No golden answers: {golden['difference']}"]
        if live is not None:
            before = _told(live, model, "The live image")
            notes += _compared(before, found, replies_changed)
            slow = _too_slow(before, found)
            for _ in range(MEASURED_AGAIN):  # machines can be slow for a moment
                if slow:
                    before = _told(live, model, "The live image")
                    slow = _too_slow(before, _told(new, model, "The new image"))
            if slow:
                raise ProofFailed(slow)
        else:
            notes.append("The live image cannot be run here: replies and latency are not compared.")
    return Proved(found["replies"], tuple(notes))


def _compared(before: dict[str, Any], now: dict[str, Any], replies_changed: bool) -> list[str]:
    notes = []
    different = [
        kind
        for kind in sorted(before["replies"].keys() | now["replies"].keys())
        if not _equal(before["replies"].get(kind), now["replies"].get(kind))
    ]
    if different:
        told = "; ".join(
            f"{kind}: {_shown(before['replies'].get(kind))} became "
            f"{_shown(now['replies'].get(kind))}"
            for kind in different
        )
        if not replies_changed:
            raise ProofFailed(
                f"The reply to the sample request changes: {told}. If that is intended, let the "
                "same commit update the sample replies: `python -m local_test replies`."
            )
        notes.append(f"The reply changes, as the sample replies say: {told}.")
    return notes


def _too_slow(live: dict[str, Any], new: dict[str, Any]) -> str:
    """By how much; empty when it is not."""
    before, now = live["seconds"]["p99"], new["seconds"]["p99"]
    if before is None or now is None:  # there is no sample to ask
        return ""
    limit = SLOWER * before + SLACK_SECONDS
    if now <= limit:
        return ""
    return (
        f"99 of 100 answers take up to {1000 * now:.1f} ms with the new image, "
        f"{1000 * before:.1f} ms with the live one; {1000 * limit:.1f} ms are allowed."
    )


def _told(run: Run, model: Path, who: str) -> dict[str, Any]:
    code, said, log = run(model)
    try:
        found = json.loads(said)
    except ValueError:
        found = {}
    if code or not found.get("loads"):
        last = (log.strip() or said.strip() or "it said nothing").splitlines()[-1]
        raise ProofFailed(f"{who} does not serve the live artifact: {found.get('reason') or last}")
    return found


def _equal(one: Any, other: Any) -> bool:
    """Whether two replies are alike; numbers may differ in their last digits."""
    if not (one and other) or one["status"] != other["status"]:
        return one == other
    if one["content_type"] != other["content_type"]:
        return False
    try:
        pair = json.loads(one["body"]), json.loads(other["body"])
    except (KeyError, ValueError):
        return one == other
    return same(*pair, 1e-9)


def _shown(reply: Any, limit: int = 160) -> str:
    text = "nothing" if reply is None else str(reply.get("body", reply)).strip()
    return text if len(text) <= limit else f"{text[:limit]}…"


def _fetch(setting: Setting, artifact: str, target: Path) -> None:
    key = artifact.removeprefix(setting.place.uri(""))
    with saying(f"fetching {artifact}"):
        content = setting.read(key)
    if content is None:
        raise ProofFailed(f"The live artifact {artifact} is not there any more.")
    target.mkdir()
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
        if odd := [member.name for member in archive if not _is_plain(member)]:
            raise ProofFailed(
                f"{artifact} holds links or devices, or names that lead out of it: {odd[0]}."
            )
        # The Python of Debian 12 has no filters yet; the check above is enough there.
        archive.extraction_filter = getattr(tarfile, "data_filter", None)
        archive.extractall(target)  # noqa: S202


def _is_plain(member: tarfile.TarInfo) -> bool:
    path = PurePosixPath(member.name)
    inside = not path.is_absolute() and ".." not in path.parts
    return inside and (member.isfile() or member.isdir())
