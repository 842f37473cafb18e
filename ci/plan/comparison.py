"""Where two contents differ on a side."""

from collections.abc import Iterator
from dataclasses import dataclass

from ci.plan.content import SERVING, TRAINING, Content, Item, Side

SHARED = frozenset({SERVING, TRAINING})


@dataclass(frozen=True)
class Difference:
    """One item that is not the same on both sides of a comparison.

    Attributes:
        change: "changed", "new", "gone" or "moved" (its sides are others now).
        detail: versions of a package; what reaches a file.
    """

    name: str
    change: str
    detail: str


def differences(head: Content, other: Content, sides: frozenset[Side]) -> list[Difference]:
    """Of the items that belong to all of ``sides``, in the commit or in the other content."""
    return list(_Comparison(head, other, sides).differences())


@dataclass(frozen=True)
class _Comparison:
    head: Content
    other: Content
    sides: frozenset[Side]

    def differences(self) -> Iterator[Difference]:
        for name in sorted(self.head.items.keys() | self.other.items.keys()):
            mine, theirs = self.head.items.get(name), self.other.items.get(name)
            if mine and theirs:
                yield from self._of_both(name, mine, theirs)
            elif mine and self.sides <= mine.sides:
                if mine.identity is not None or mine.specifier is not None:
                    yield Difference(name, "new", _reached(mine, self.sides))
            elif theirs and self.sides <= theirs.sides and not self._implied(theirs):
                yield Difference(name, "gone", _reached(theirs, self.sides))

    def _of_both(self, name: str, mine: Item, theirs: Item) -> Iterator[Difference]:
        certain = theirs if mine.guessed and theirs.sides else mine
        here, there = self.sides <= certain.sides, self.sides <= theirs.sides
        if mine.same(theirs):
            if here != there and not mine.guessed and not self._implied(mine if here else theirs):
                yield Difference(name, "moved", f"{_sides(theirs)} → {_sides(mine)}")
        elif here or there:
            yield Difference(name, "changed", _versions(name, mine, theirs))

    def _implied(self, item: Item) -> bool:
        """Whether both have the package that needs the item.

        Then the image knows what that needs, and the commit only what it needs on this machine.
        """
        for side in self.sides:
            needing = f"package {item.via[side]}"
            mine, theirs = self.head.items.get(needing), self.other.items.get(needing)
            if not (mine and theirs and side in mine.sides & theirs.sides and mine.same(theirs)):
                return False
        return True


def _versions(name: str, mine: Item, theirs: Item) -> str:
    if not name.startswith("package "):
        return _reached(mine if mine.via else theirs, SHARED)
    return f"{theirs.url or theirs.identity} → {mine.identity or mine.specifier}"


def _sides(item: Item) -> str:
    return " and ".join(sorted(item.sides)) or "neither side"


def _reached(item: Item, sides: frozenset[Side]) -> str:
    reached = sorted({item.via[side] for side in sides if side in item.via})
    return f"reached by {' and '.join(reached)}" if reached else ""
