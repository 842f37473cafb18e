"""What requirements files pin, read without installing anything."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

_VIA = re.compile(r"^\s*#\s+(?:via\s+)?(?P<names>[A-Za-z0-9][\w.,\[\] -]*)$")
_INCLUDED = re.compile(r"(?:-r|-c|--requirement|--constraint)[\s=]*(\S+)")


@dataclass(frozen=True)
class Pin:
    """One requirement.

    Attributes:
        specifier: as it is written, for example "==2.3.1"; a URL for a requirement by URL.
        needed_by: the packages that a resolver noted as its reason ("# via"); None without a note.
        extras: of the package, that are asked for.
        constrains: it only says which version, should something else need the package.
    """

    name: str
    specifier: str
    needed_by: frozenset[str] | None = None
    extras: frozenset[str] = frozenset()
    constrains: bool = False

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
    found: dict[str, Pin] = {}
    for pin in (pin for file in files for pin in _pins(file)):
        known = found.get(pin.name)
        found[pin.name] = _constrained(known, pin) if known else pin
    return found


def _constrained(one: Pin, other: Pin) -> Pin:
    """The later of two requirements, or the requirement with what a constraint says of it."""
    if one.constrains == other.constrains:
        return other
    asked, constraint = (other, one) if one.constrains else (one, other)
    specifiers = dict.fromkeys(filter(None, (asked.specifier, constraint.specifier)))
    return replace(asked, specifier=",".join(specifiers))


def _pins(file: Path) -> Iterator[Pin]:
    for number, line, comments in _logical_lines(file.read_text(encoding="utf-8")):
        if included := _INCLUDED.match(line):
            only_versions = line.startswith(("-c", "--c"))
            for pin in _pins(file.parent / included[1]):
                yield replace(pin, constrains=only_versions or pin.constrains)
        elif line and not line.startswith("-"):
            try:
                requirement = Requirement(line)
            except InvalidRequirement as error:
                why = str(error).partition("\n")[0]
                raise ValueError(f"{file}, line {number}: {line}: {why}") from None
            if requirement.marker is None or requirement.marker.evaluate():
                yield Pin(
                    canonicalize_name(requirement.name),
                    specifier=requirement.url or str(requirement.specifier),
                    needed_by=_reasons(comments),
                    extras=frozenset(requirement.extras),
                )


def _logical_lines(text: str) -> Iterator[tuple[int, str, list[str]]]:
    """Number, requirement without its options, and the comment lines that follow it."""
    lines = list(enumerate(text.splitlines(), 1))
    position = 0
    while position < len(lines):
        number, line = lines[position]
        position += 1
        while line.rstrip().endswith("\\") and position < len(lines):
            line = line.rstrip()[:-1] + lines[position][1]
            position += 1
        line, _, comment = line.partition(" #")
        line = re.split(r"\s--", line)[0]
        comments = [f"# {comment}"] if comment else []
        while position < len(lines) and lines[position][1].lstrip().startswith("#"):
            comments.append(lines[position][1])
            position += 1
        if line.strip() and not line.lstrip().startswith("#"):
            yield number, line.strip(), comments


def _reasons(comments: Sequence[str]) -> frozenset[str] | None:
    """Of "# via a, b" and of "# via", "#   a", "#   b"; other files that ask are no packages."""
    if not any(re.match(r"\s*#\s+via\b", comment) for comment in comments):
        return None
    found = (match["names"] for comment in comments if (match := _VIA.match(comment.rstrip())))
    names = (name.partition("[")[0].strip() for line in found for name in line.split(","))
    return frozenset(canonicalize_name(name) for name in names if name not in ("", "via"))
