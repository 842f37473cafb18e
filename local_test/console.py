"""What the bench shows: progress on stderr, results on stdout, or JSON for machines."""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

STATUS_STYLE = {
    "Completed": "green",
    "InService": "green",
    "passed": "green",
    "Stopped": "yellow",
    "warning": "yellow",
    "not checked": "yellow",
    "Failed": "red",
    "failed": "red",
}


class Screen:
    """Where a command reports.

    Progress goes to stderr, so that stdout holds the result alone: tables for
    people, or one JSON object with ``--json``.

    Args:
        logs: whether the containers' own output is shown.
    """

    def __init__(self, as_json: bool, logs: bool = True):
        self.as_json = as_json
        self._logs = logs
        self._progress = Console(stderr=True, highlight=False)
        self._result = Console(highlight=False, soft_wrap=True)

    def say(self, sentence: str) -> None:
        """One line of progress."""
        self._progress.print(escape(sentence), soft_wrap=True)

    def log(self, line: str) -> None:
        """One line that a container wrote."""
        if self._logs:
            self.say(line)

    def status(self, name: str, remark: str = "") -> None:
        """One line for a status that SageMaker would show."""
        style = STATUS_STYLE.get(name, "cyan")
        self._progress.print(f"[{style}]{name:<18}[/{style}] {escape(remark)}", soft_wrap=True)

    def warn(self, sentence: str) -> None:
        """One line for what would surprise on SageMaker."""
        self._progress.print(f"[yellow]warning[/yellow]  {escape(sentence)}", soft_wrap=True)

    def error(self, sentence: str) -> None:
        """The sentence that a command ends with when it fails; a JSON object, too, if asked."""
        if self.as_json:
            self.result({"error": sentence})
        self._progress.print(f"[red]error[/red]  {escape(sentence)}", soft_wrap=True)

    @contextmanager
    def waiting(self, what: str) -> Iterator[None]:
        """Show a spinner while something takes its time (plain text when not a terminal)."""
        if not self._progress.is_terminal:
            self.say(f"{what} …")
            yield
            return
        with self._progress.status(escape(what)):
            yield

    def result(self, data: dict[str, Any], shown: Iterable[Table | str] = ()) -> None:
        """The end of a command: ``data`` as JSON, or its tables and lines."""
        if self.as_json:
            json.dump(data, sys.stdout, indent=2, default=str)
            sys.stdout.write("\n")
            sys.stdout.flush()
            return
        for one in shown:
            self._result.print(one)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Table:
    """A table of plain values; a cell that is a known status gets its colour."""
    built = Table(title=title or None, title_justify="left", header_style="bold")
    for column in columns:
        built.add_column(column, overflow="fold")
    for row in rows:
        built.add_row(*(_cell(value) for value in row))
    return built


def facts(title: str, values: dict[str, Any]) -> Table:
    """A table of names and values."""
    built = table(title, ["", ""], values.items())
    built.show_header = False
    return built


def near(path: str) -> str:
    """The path as one would type it here: relative when it lies below the working directory."""
    here = Path.cwd()
    return str(Path(path).relative_to(here)) if path and Path(path).is_relative_to(here) else path


def _cell(value: Any) -> str:
    text = escape(str(value))
    style = STATUS_STYLE.get(str(value))
    return f"[{style}]{text}[/{style}]" if style else text
