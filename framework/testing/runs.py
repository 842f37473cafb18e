"""What the checks look at: training jobs and servers, running and ended."""

import json
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from framework.layout import Layout
from framework.manifest import Manifest
from framework.testing.answers import answers_in
from framework.testing.audit_log import AuditLog
from framework.testing.client import Client, Reply
from framework.testing.engine import Run, digest
from framework.testing.outcome import Failed
from framework.testing.rows import JSON, Rows

TRAINING_SECONDS = 3600.0


@dataclass(frozen=True)
class Training:
    """A training job that has ended.

    Attributes:
        base: where it ran; its data is out of reach there now.
        layout: what it left behind.
        changes: files outside of its base directory that it changed.
        input_changes: files below input/ that it changed.
    """

    base: Path
    layout: Layout
    exit_code: int
    seconds: float
    log: str
    audit: AuditLog
    changes: list[str]
    input_changes: list[str]

    @property
    def failure(self) -> str:
        """Content of output/failure, empty when there is none."""
        path = self.layout.failure
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""

    @property
    def reason(self) -> str:
        """The first line of the failure file, else the last line of the log, with a full stop."""
        first = self.failure.strip().splitlines()[:1]
        text = "".join(first or self.log.strip().splitlines()[-1:]) or "it said nothing"
        return f"{text.rstrip('.')}." if len(text) <= 300 else f"{text[:299]}…"

    @property
    def has_model(self) -> bool:
        """Whether it left a model, even one that the proof at its end refused."""
        return any(self.layout.model.iterdir()) and (
            self.exit_code == 0 or self.failure.startswith("ArtifactError")
        )

    @property
    def manifest(self) -> Manifest | None:
        return Manifest.read(self.layout.model)


@dataclass(frozen=True)
class RunningTraining:
    """A training job that has been started."""

    run: Run
    layout: Layout
    audit: AuditLog
    input_before: Mapping[str, str]
    started: float

    def finish(self, seconds: float = TRAINING_SECONDS) -> Training:
        """Wait for its end, look at what it left, and put its data out of reach.

        Raises:
            TimeoutError: it still runs after that time.
        """
        exit_code = self.run.wait(seconds)
        took = time.monotonic() - self.started
        input_after = file_digests(self.layout.base / "input")
        away = self.layout.base.with_name(f"{self.layout.base.name}-ended")
        self.layout.base.rename(away)
        self.audit.move(away)
        return Training(
            base=self.layout.base,
            layout=Layout(away),
            exit_code=exit_code,
            seconds=took,
            log=self.run.log(),
            audit=self.audit,
            changes=self.run.changes(),
            input_changes=changed(self.input_before, input_after),
        )


@dataclass(frozen=True)
class Server:
    """A model that is being served.

    Attributes:
        seconds: from its start to the first 200 of /ping.
    """

    run: Run
    client: Client
    layout: Layout
    audit: AuditLog
    seconds: float

    def answers(self, rows: Rows) -> Any:
        """Answers to rows sent as JSON. Raises Failed when they are refused."""
        reply = self.client.invoke(rows.as_json(), JSON, accept=JSON)
        if reply.status != 200:
            raise Failed(
                f"{len(rows)} valid rows got {reply.status}: {message_of(reply)} "
                "Make predict answer every row that the training data would allow."
            )
        return answers_in(reply)


def message_of(reply: Reply) -> str:
    """The error's sentence, or the beginning of whatever came instead."""
    try:
        text = reply.json()["error"]["message"]
    except (ValueError, KeyError, TypeError):
        text = reply.text.strip() or "an empty body"
    return f"{text.rstrip('.')}." if len(text) <= 200 else f"{text[:199]}…"


def cause_in(log: str) -> str:
    """The most telling line of a server's log: its last explained error, else its last line."""
    lines = [line for line in log.splitlines() if line.strip()]
    for line in reversed(lines):
        with suppress(ValueError, KeyError, TypeError):
            return f"its log says: {json.loads(line)['cause'][:300].rstrip('.')}"
    return f"its log ends with: {lines[-1][:300].rstrip('.')}" if lines else "its log is empty"


def file_digests(directory: Path) -> dict[str, str]:
    """Relative path → digest of every file below a directory."""
    files = (path for path in directory.rglob("*") if path.is_file())
    return {str(path.relative_to(directory)): digest(path) for path in files}


def changed(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Names that were added, removed or have another value."""
    return sorted(k for k in before.keys() | after.keys() if before.get(k) != after.get(k))


def open_to_all(directory: Path) -> None:
    """Let every user write below a directory, as a volume for any uid would."""
    for path in (directory, *directory.rglob("*")):
        path.chmod(0o777 if path.is_dir() else 0o666)


def restore(training: Training, base: Path) -> Layout:
    """A copy of what a training job left, its data included, at ``base``."""
    shutil.copytree(training.layout.base, base, ignore=shutil.ignore_patterns("audit"))
    return Layout(base)
