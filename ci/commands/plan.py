"""`plan`: what a commit means for an environment, with its reasons; it changes nothing."""

import json
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ci.deployment import Deployment
from ci.errors import EXIT_OK
from ci.plan import Basis, Decision, Reason, decide, listed
from ci.plan.basis import basis_of
from ci.publishing import Registry, tag_of
from ci.source import Source

WHY = {
    "shared": "shared: the live model was trained with another",
    "serving": "serving: the live image has another",
    "training": "training: the image at the pointer has another",
    "pointer": "serving: the next run would bring another back",
    "image": "the image is made of it",
    "settings": "the environment file says otherwise than the endpoint",
}
REJECTED = (
    "The image of exactly these files was rejected: a release of it failed or was rolled back. "
    "`python -m ci release` refuses it; push a commit that mends or reverts it."
)

CHECKED_OUT = "HEAD"
NOT_COMMITTED = "This is the plan of commit {commit}, without what is not committed: {files}."


@dataclass(frozen=True)
class Plan:
    """A decision with what it was made of."""

    deployment: Deployment
    source: Source
    basis: Basis
    decision: Decision

    @classmethod
    def of(cls, options: Namespace) -> "Plan":
        """The plan for the commit and the environment that the options name."""
        deployment = Deployment.of(options.environment)
        source = Source.here(options.commit, options.algorithm)
        basis = basis_of(deployment, source.directory)
        decision = decide(source.content(), basis, options.override)
        if decision.builds and deployment.is_deployed() and _is_rejected(deployment, source):
            decision = replace(decision, notes=(*decision.notes, REJECTED))
        if options.commit == CHECKED_OUT and (changed := source.repository.changed()):
            left_out = NOT_COMMITTED.format(commit=source.commit[:8], files=listed(changed))
            decision = replace(decision, notes=(*decision.notes, left_out))
        return cls(deployment, source, basis, decision)

    def as_json(self) -> dict[str, Any]:
        """For machines: shaped as in docs/push.md."""
        decision = self.decision
        return {
            "environment": self.deployment.environment.name,
            "commit": self.source.commit,
            "identity": self.source.identity,
            "release": decision.release,
            "train": decision.train,
            "build": decision.builds,
            "override": decision.override,
            "sentence": decision.sentence,
            "reasons": [{**asdict(one), "why": WHY[one.kind]} for one in decision.reasons],
            "notes": list(decision.notes),
            "basis": {
                "endpoint": self.basis.endpoint,
                "config": self.basis.config,
                "live": self.basis.live.uri,
                "trained": self.basis.trained.uri,
                "pointed": self.basis.pointed.uri,
            },
        }

    def as_text(self) -> Iterator[str]:
        """For people, line by line."""
        yield f"{self.deployment.environment.name}: {self.decision.sentence}"
        rows = list(self._rows())
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            yield f"  {'  '.join(cells)}".rstrip()
        for note in self.decision.notes:
            yield f"  Note: {note}"

    def as_markdown(self) -> Iterator[str]:
        """For a merge request."""
        yield f"### {self.deployment.environment.name}: {self.decision.sentence}"
        if rows := list(self._rows()):
            yield ""
            yield "| file or package | change | because |"
            yield "| --- | --- | --- |"
            yield from (f"| `{name}` | {change} | {why} |" for name, change, why in rows)
        for note in self.decision.notes:
            yield f"\n> {note}"

    def _rows(self) -> Iterator[tuple[str, str, str]]:
        """A row for each file or package: its name, what happened to it, and why that matters."""
        by_name: dict[str, list[Reason]] = {}
        for one in self.decision.reasons:
            by_name.setdefault(one.name, []).append(one)
        for name, found in by_name.items():
            first = found[0]
            detail = f" ({first.detail})" if first.detail else ""
            why = "; ".join(dict.fromkeys(WHY[one.kind] for one in found))
            yield name, f"{first.change}{detail}{self._commits(first)}", why

    def _commits(self, reason: Reason) -> str:
        """The commits that changed a file since the image it is compared with, if git knows."""
        compared = {"shared": self.basis.trained, "serving": self.basis.live}
        since = compared.get(reason.kind, self.basis.pointed).commit
        if not since or reason.name.startswith("package "):
            return ""
        found = self.source.repository.subjects(reason.name, since, self.source.commit)
        return f" by {'; '.join(found)}" if found else ""


def run(options: Namespace) -> int:
    """Print the plan as a table, or as JSON; write it to files where asked."""
    plan = Plan.of(options)
    if options.markdown:
        options.markdown.write_text("\n".join(plan.as_markdown()) + "\n", encoding="utf-8")
    if options.output:
        _write(options.output, plan.as_json())
    if options.json:
        print(json.dumps(plan.as_json(), indent=2))
    else:
        print("\n".join(plan.as_text()))
    return EXIT_OK


def _is_rejected(deployment: Deployment, source: Source) -> bool:
    image = Registry.of(deployment).find(tag_of(source))
    return image is not None and deployment.setting().rejected(image)


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
