"""The installed distributions that each side reaches, with their requirements."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import Distribution, distributions, packages_distributions

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


@dataclass
class Package:
    """One installed distribution.

    Attributes:
        sha256: of what the distribution installed, by its RECORD; None when it has no RECORD.
        via: side → the file or the package that reaches it first.
    """

    name: str
    version: str
    sha256: str | None
    via: dict[str, str] = field(default_factory=dict)


class Installed:
    """What is installed beside this framework."""

    def __init__(self) -> None:
        self._by_import = packages_distributions()
        self._by_name: dict[str, Distribution] = {}
        for distribution in distributions():  # the first on sys.path is the one imports get
            self._by_name.setdefault(canonicalize_name(distribution.name), distribution)

    def has(self, import_name: str) -> bool:
        return import_name in self._by_import

    def reached(self, imports: Mapping[str, Mapping[str, str]]) -> list[Package]:
        """The distributions behind ``imports`` (side → import name → who asks), by name."""
        packages: dict[str, Package] = {}
        for side, names in imports.items():
            for name, via in self._closure(names).items():
                if name not in packages:
                    distribution = self._by_name[name]
                    packages[name] = Package(name, distribution.version, _content(distribution))
                packages[name].via[side] = via
        return [packages[name] for name in sorted(packages)]

    def _closure(self, names: Mapping[str, str]) -> dict[str, str]:
        """Distribution → who reaches it, requirements of requirements included."""
        via: dict[str, str] = {}
        waiting = [
            (canonicalize_name(distribution), frozenset[str](), who)
            for import_name, who in sorted(names.items())
            for distribution in sorted(set(self._by_import.get(import_name, ())))
        ]
        seen = set()
        for name, extras, who in waiting:  # grows while it is read
            if name not in self._by_name or (name, extras) in seen:
                continue
            seen.add((name, extras))
            via.setdefault(name, who)
            waiting += [
                (required, its_extras, name)
                for required, its_extras in _requirements(self._by_name[name], extras)
            ]
        return via


def _requirements(
    distribution: Distribution, extras: Iterable[str]
) -> list[tuple[str, frozenset[str]]]:
    """What ``distribution`` with ``extras`` needs here: names and their own extras."""
    needed = []
    for line in sorted(distribution.requires or ()):
        requirement = Requirement(line)
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            needed.append((canonicalize_name(requirement.name), frozenset(requirement.extras)))
    return needed


def _content(distribution: Distribution) -> str | None:
    """Hash of RECORD without what differs between two installations of one wheel.

    Those are bytecode, launchers (outside of site-packages; they hold the interpreter's path)
    and the installer's own notes, RECORD among them.
    """
    record = distribution.read_text("RECORD")
    if record is None:
        return None
    notes = ("/INSTALLER", "/REQUESTED", "/RECORD", "/direct_url.json")
    lines = [
        line
        for line in record.splitlines()
        if not line.startswith(("../", "/")) and not line.split(",")[0].endswith((".pyc", *notes))
    ]
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()
