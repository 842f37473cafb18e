"""What requirements files pin, read without installing anything."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

_VIA = re.compile(r"^\s*#\s+(?:via\s+)?(?P<name>[A-Za-z0-9][\w.-]*)(?:\[.*\])?\s*$")


@dataclass(frozen=True)
class Pin:
    """One requirement.

    Attributes:
        specifier: as it is written, for example "==2.3.1"; a URL for a requirement by URL.
        needed_by: the packages that a resolver noted as its reason ("# via").
    """

    name: str
    specifier: str
    needed_by: frozenset[str] = frozenset()

    @property
    def version(self) -> str | None:
        """The only version that it allows; None where there may be several."""
        exactly = re.fullmatch(r"={2,3}\s*([^,*\s]+)", self.specifier)
        return exactly[1] if exactly else None


def read_pins(files: Iterable[Path]) -> dict[str, Pin]:
    """Name → pin, of all files and of what they include; lines for another machine are left out.

    Raises:
        FileNotFoundError: one of them is not there.
        ValueError: a line is no requirement.
    """
    return {pin.name: pin for file in files for pin in _pins(file)}


def _pins(file: Path) -> Iterator[Pin]:
    for number, line, comments in _logical_lines(file.read_text(encoding="utf-8")):
        if included := re.match(r"(?:-r|--requirement)[\s=]+(\S+)", line):
            yield from _pins(file.parent / included[1])
        elif line and not line.startswith("-"):
            try:
                requirement = Requirement(line)
            except InvalidRequirement as error:
                raise ValueError(f"{file}, line {number}: {line}: {error}") from None
            if requirement.marker is None or requirement.marker.evaluate():
                specifier = requirement.url or str(requirement.specifier)
                yield Pin(canonicalize_name(requirement.name), specifier, _reasons(comments))


def _logical_lines(text: str) -> Iterator[tuple[int, str, list[str]]]:
    """Number, requirement without its hashes, and the comment lines that follow it."""
    lines = list(enumerate(text.splitlines(), 1))
    position = 0
    while position < len(lines):
        number, line = lines[position]
        position += 1
        while line.rstrip().endswith("\\") and position < len(lines):
            line = line.rstrip()[:-1] + lines[position][1]
            position += 1
        line, _, comment = re.sub(r"--hash[=\s]\S+", "", line).partition(" #")
        comments = [f"# {comment}"] if comment else []
        while position < len(lines) and lines[position][1].lstrip().startswith("#"):
            comments.append(lines[position][1])
            position += 1
        if line.strip() and not line.lstrip().startswith("#"):
            yield number, line.strip(), comments


def _reasons(comments: Iterable[str]) -> frozenset[str]:
    """Of "# via a" and of "# via", "#   a", "#   b"; other files that ask are no packages."""
    found = (_VIA.match(comment) for comment in comments)
    return frozenset(canonicalize_name(m["name"]) for m in found if m and m["name"] != "via")
