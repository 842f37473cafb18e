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
    return list(_differences(head, other, sides))


def _differences(head: Content, other: Content, sides: frozenset[Side]) -> Iterator[Difference]:
    for name in sorted(head.items.keys() | other.items.keys()):
        mine, theirs = head.items.get(name), other.items.get(name)
        here = mine is not None and sides <= mine.sides
        there = theirs is not None and sides <= theirs.sides
        if mine and theirs and (here or there):
            if not mine.same(theirs):
                yield Difference(name, "changed", _versions(name, mine, theirs))
            elif here != there and not mine.guessed:
                yield Difference(name, "moved", f"{_sides(theirs)} → {_sides(mine)}")
        elif mine and here:
            if mine.identity is not None:  # what nobody pins, only the build can tell
                yield Difference(name, "new", _reached(mine, sides))
        elif theirs and there and not _implied(head, other, theirs, sides):
            yield Difference(name, "gone", _reached(theirs, sides))


def _implied(head: Content, other: Content, item: Item, sides: frozenset[Side]) -> bool:
    """Whether what needed the item is still there: then the build will bring it again."""
    for side in sides:
        needing = f"package {item.via[side]}"
        mine, theirs = head.items.get(needing), other.items.get(needing)
        if not (mine and theirs and side in mine.sides and mine.same(theirs)):
            return False
    return True


def _versions(name: str, mine: Item, theirs: Item) -> str:
    if not name.startswith("package "):
        return _reached(mine if mine.via else theirs, SHARED)
    return f"{theirs.identity} → {mine.identity or mine.specifier}"


def _sides(item: Item) -> str:
    return " and ".join(sorted(item.sides)) or "neither side"


def _reached(item: Item, sides: frozenset[Side]) -> str:
    reached = sorted({item.via[side] for side in sides if side in item.via})
    return f"reached by {' and '.join(reached)}" if reached else ""
