"""The distributions that each side reaches, with their requirements: installed, or pinned."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import Distribution, distributions, packages_distributions
from typing import Protocol

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from framework.inspection.pins import Pin

GUESS = "perhaps: "


@dataclass
class Package:
    """One distribution.

    Attributes:
        version: None where the requirements leave it open.
        sha256: of what the distribution installed, by its RECORD; None when it has no RECORD, or
            is not installed.
        specifier: what the requirements ask for, where it is pinned.
        url: where it was installed from, when a requirement named that.
        via: side → the file or the package that reaches it first.
    """

    name: str
    version: str | None
    sha256: str | None = None
    specifier: str | None = None
    url: str | None = None
    via: dict[str, str] = field(default_factory=dict)


class Distributions(Protocol):
    """Where the packages behind imports are found."""

    def has(self, import_name: str) -> bool:
        """Whether a package offers this name."""
        ...

    def reached(self, imports: Mapping[str, Mapping[str, str]]) -> list[Package]:
        """The distributions behind ``imports`` (side → import name → who asks), by name."""
        ...


class Installed:
    """What is installed beside this framework."""

    def __init__(self) -> None:
        self._by_import = packages_distributions()
        self._by_name: dict[str, Distribution] = {}
        for distribution in distributions():  # the first on sys.path is the one imports get
            self._by_name.setdefault(canonicalize_name(distribution.name), distribution)

    def has(self, import_name: str) -> bool:
        return import_name in self._by_import

    def unreached(self, reached: Iterable[Package]) -> dict[str, str]:
        """Name → version of what is installed and in nobody's reach."""
        found = {package.name for package in reached}
        return {n: d.version for n, d in sorted(self._by_name.items()) if n not in found}

    def names(self, name: str) -> bool:
        """Whether a distribution of this name is installed."""
        return name in self._by_name

    def reached(self, imports: Mapping[str, Mapping[str, str]]) -> list[Package]:
        """The distributions behind ``imports`` (side → import name → who asks), by name."""
        return _by_sides(imports, self._closure, self._package)

    def offering(self, import_name: str) -> list[str]:
        """The distributions that have a module or package of this name."""
        return sorted({canonicalize_name(name) for name in self._by_import.get(import_name, ())})

    def requirements(self, name: str, extras: Iterable[str]) -> list[tuple[str, frozenset[str]]]:
        """What a distribution needs, with the extras of that; nothing when it is not installed."""
        return _requirements(self._by_name[name], extras) if name in self._by_name else []

    def _package(self, name: str) -> Package:
        distribution = self._by_name[name]
        url = _url(distribution)
        return Package(name, distribution.version, _content(distribution), url=url)

    def _closure(self, names: Mapping[str, str]) -> dict[str, str]:
        found = [(one, who) for name, who in sorted(names.items()) for one in self.offering(name)]
        return {
            name: via
            for name, via in _closure(found, self.requirements).items()
            if name in self._by_name
        }


class Pinned:
    """What requirements files pin. What is installed here only tells names and requirements.

    Where those are not known, more counts, marked as a guess: behind an import without a package of
    its name, every pin that no other needs; and behind a package that is not installed, every pin
    of which no resolver noted why it is there. What the framework imports has the name of its
    package, or is optional.
    """

    def __init__(self, pins: Mapping[str, Pin], installed: Installed):
        self._pins = pins
        self._installed = installed

    def has(self, import_name: str) -> bool:
        """Whether a pinned package offers this name."""
        return any(self._asked_for(name) for name in self._offering(import_name))

    def reached(self, imports: Mapping[str, Mapping[str, str]]) -> list[Package]:
        """The distributions behind ``imports`` (side → import name → who asks), by name."""
        return _by_sides(imports, self._closure, self._package)

    def unreached(self, reached: Iterable[Package]) -> dict[str, str | None]:
        """Name → version of what is pinned and in nobody's reach."""
        found = {package.name for package in reached}
        return {
            name: pin.version
            for name, pin in sorted(self._pins.items())
            if name not in found and not pin.constrains
        }

    def _package(self, name: str) -> Package:
        pin = self._pins.get(name)
        return Package(name, pin.version, specifier=pin.specifier) if pin else Package(name, None)

    def _offering(self, import_name: str) -> list[str]:
        alike = canonicalize_name(import_name)
        return self._installed.offering(import_name) or [alike] * self._asked_for(alike)

    def _closure(self, names: Mapping[str, str]) -> dict[str, str]:
        found = [(one, who) for name, who in sorted(names.items()) for one in self._offering(name)]
        via = _closure(found, self._requirements)
        perhaps = _closure(self._guessed(names, via), self._requirements)
        return {**{name: GUESS + who for name, who in perhaps.items()}, **via}

    def _guessed(self, names: Mapping[str, str], via: Mapping[str, str]) -> list[tuple[str, str]]:
        imports = [
            f"import {name}"
            for name, who in sorted(names.items())
            if not self._offering(name) and not who.startswith("framework/")
        ]
        absent = [name for name in sorted(via) if not self._installed.names(name)]
        asked_for = [pin for pin in self._pins.values() if not pin.constrains]
        roots = [pin for pin in asked_for if not (pin.needed_by or set()) & self._pins.keys()]
        unexplained = [pin for pin in asked_for if pin.needed_by is None]
        return [
            (pin.name, f"{strangers[0]} may need it")
            for strangers, pins in ((imports, roots), (absent, unexplained))
            if strangers
            for pin in pins
            if pin.name not in via
        ]

    def _asked_for(self, name: str) -> bool:
        return name in self._pins and not self._pins[name].constrains

    def _requirements(self, name: str, extras: Iterable[str]) -> list[tuple[str, frozenset[str]]]:
        noted = [other for other, pin in self._pins.items() if name in (pin.needed_by or ())]
        asked = self._pins[name].extras if name in self._pins else ()
        return [
            *self._installed.requirements(name, {*extras, *asked}),
            *((other, frozenset()) for other in sorted(noted)),
        ]


def _by_sides(
    imports: Mapping[str, Mapping[str, str]],
    closure: Callable[[Mapping[str, str]], dict[str, str]],
    package: Callable[[str], Package],
) -> list[Package]:
    packages: dict[str, Package] = {}
    for side, names in imports.items():
        for name, via in closure(names).items():
            packages.setdefault(name, package(name)).via[side] = via
    return [packages[name] for name in sorted(packages)]


def _closure(
    found: Iterable[tuple[str, str]],
    requirements: Callable[[str, Iterable[str]], list[tuple[str, frozenset[str]]]],
) -> dict[str, str]:
    """Distribution → who reaches it, requirements of requirements included."""
    via: dict[str, str] = {}
    waiting = [(name, frozenset[str](), who) for name, who in found]
    seen = set()
    for name, extras, who in waiting:  # grows while it is read
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        via.setdefault(name, who)
        waiting += [(other, its_extras, name) for other, its_extras in requirements(name, extras)]
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


def _url(distribution: Distribution) -> str | None:
    """Where pip noted that it came from, as a requirement names it; None for an index."""
    noted = json.loads(distribution.read_text("direct_url.json") or "{}")
    control = noted.get("vcs_info")
    if not control:
        return noted.get("url")
    revision = control.get("requested_revision")
    return f"{control['vcs']}+{noted['url']}" + (f"@{revision}" if revision else "")
