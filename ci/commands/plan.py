"""`plan`: what a commit means for an environment, with its reasons; it changes nothing."""

import json
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ci.deployment import Deployment
from ci.errors import EXIT_OK
from ci.plan import Basis, Decision, Reason, decide
from ci.plan.basis import basis_of
from ci.repository import Repository
from ci.source import Source

WHY = {
    "shared": "shared: the live model was trained with another",
    "serving": "serving: the live image has another",
    "training": "training: the image at the pointer has another",
    "pointer": "serving: the next run would bring another back",
    "image": "the image is made of it",
    "settings": "the environment file says otherwise than the endpoint",
}


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
        repository = Repository.here()
        source = Source(repository, repository.commit(options.commit), options.algorithm)
        basis = basis_of(deployment, source.directory)
        return cls(deployment, source, basis, decide(source.content(), basis, options.override))

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
            yield name, f"{first.change}{detail}{self._commits(name)}", why

    def _commits(self, name: str) -> str:
        """The commits that changed a file since the live image, where git knows them."""
        since = self.basis.live.commit or self.basis.pointed.commit
        found = self.source.repository.subjects(name, since) if since and "/" in name else []
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


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
