"""What a commit or an image is made of: files and packages, each with the sides it belongs to."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet

SERVING, TRAINING = "serving", "training"
GUESS = "perhaps: "
Side = str


@dataclass(frozen=True)
class Item:
    """One file or package.

    Attributes:
        identity: a file's SHA-256 or a package's version; None where only a build can tell.
        sides: which of serving and training reach it.
        via: side → what reaches it.
        specifier: what the requirements ask for; None for what they do not name, and in images.
        url: where an image has a package from, when the requirements named that.
        guessed: its sides are not certain; those of the other content count, if it has any.
    """

    identity: str | None
    sides: frozenset[Side]
    via: Mapping[Side, str]
    specifier: str | None = None
    url: str = ""
    guessed: bool = False

    def same(self, other: "Item") -> bool:
        """Whether both have the same content, as far as can be known before a build."""
        if self.specifier is None:
            return self.identity in (None, other.identity)
        if "://" in self.specifier:
            return self.specifier == other.url
        return other.identity is not None and _allows(self.specifier, other.identity)


@dataclass(frozen=True)
class Content:
    """Everything that counts, by name: "package NAME", or a file's path.

    Attributes:
        recipe: file that builds the image → its hash; None where that is not known.
        base: digest of the image it starts from; None where that is not known.
        warnings: what `describe` says to the author of the algorithm.
    """

    items: Mapping[str, Item]
    recipe: Mapping[str, str] | None = None
    base: str | None = None
    warnings: tuple[str, ...] = ()

    @classmethod
    def of_description(cls, described: Mapping[str, Any], directory: str) -> "Content":
        """From what `framework describe` prints and `ci publish` keeps.

        Args:
            directory: of the algorithm in the repository, for the names of its files.

        Raises:
            KeyError: it is no such description.
        """
        return cls(
            items=dict(_items(described, directory)),
            recipe=described.get("recipe"),
            base=described.get("base"),
            warnings=tuple(described.get("warnings", ())),
        )


def _items(described: Mapping[str, Any], directory: str) -> Iterator[tuple[str, Item]]:
    for file in described["code"]:
        own = file["origin"] == "algorithm"
        path = str(PurePosixPath(directory, file["path"])) if own else file["path"]
        yield path, _item(file, file["sha256"])
    for package in described["packages"]:
        yield f"package {package['name']}", _item(package, package["version"])
    for name, version in described.get("unreached_packages", {}).items():
        yield f"package {name}", Item(version, frozenset(), {})


def _item(described: Mapping[str, Any], identity: str | None) -> Item:
    via = described["via"]
    return Item(
        identity=identity,
        sides=frozenset(described["sides"]),
        via=via,
        specifier=described.get("specifier"),
        url=described.get("url", ""),
        guessed=any(who.startswith(GUESS) for who in via.values()),
    )


def _allows(specifier: str, version: str) -> bool:
    try:
        return SpecifierSet(specifier).contains(version, prereleases=True)
    except InvalidSpecifier:  # what cannot be understood, only the build can tell
        return False
