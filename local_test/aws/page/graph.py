"""Where the states of a state machine are drawn: one row a step, from the top down."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Definition = Mapping[str, Any]


@dataclass(frozen=True)
class Edge:
    """A way from one state to another.

    Attributes:
        caught: taken only when the state fails.
    """

    source: str
    target: str
    caught: bool = False


@dataclass
class Node:
    """One state.

    Attributes:
        within: the Parallel or Map around it; empty when there is none.
        row: 0 is the top.
        column: 0 is the main path.
    """

    name: str
    kind: str
    within: str = ""
    row: int = 0
    column: int = 0


@dataclass
class Graph:
    """The states of a definition, those inside Parallel and Map among them."""

    nodes: dict[str, Node] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)


def draw(definition: Definition) -> Graph:
    """Lay a definition out: a row below the lowest state that leads to it, ways back aside."""
    graph = Graph()
    _collect(definition, graph)
    _place(graph, definition["StartAt"])
    return graph


def _collect(definition: Definition, graph: Graph, within: str = "", after: str = "") -> None:
    """Add every state; the last ones of a branch lead to what comes ``after`` it."""
    for name, state in definition["States"].items():
        graph.nodes[name] = Node(name, state["Type"], within)
        inner = [*state.get("Branches", []), *filter(None, [_items(state)])]
        following = list(_following(state))
        if not following and after and state["Type"] != "Fail":
            following = [after]
        if inner:
            for branch in inner:
                graph.edges.append(Edge(name, branch["StartAt"]))
                _collect(branch, graph, name, following[0] if following else "")
        else:
            graph.edges += [Edge(name, target) for target in dict.fromkeys(following)]
        caught = dict.fromkeys(catcher["Next"] for catcher in state.get("Catch", []))
        graph.edges += [Edge(name, target, caught=True) for target in caught]


def _items(state: Definition) -> Definition | None:
    return state.get("ItemProcessor") or state.get("Iterator")


def _following(state: Definition) -> Iterator[str]:
    for key in ("Default", "Next"):
        if key in state:
            yield state[key]
    for choice in state.get("Choices", []):
        yield choice["Next"]


def _place(graph: Graph, start: str) -> None:
    forward = _without_ways_back(graph, start)
    for name in forward:
        graph.nodes[name].row = 0
    order = list(forward)
    for name in order:  # sources come before their targets
        for target in forward[name]:
            node = graph.nodes[target]
            node.row = max(node.row, graph.nodes[name].row + 1)
    taken: dict[int, int] = {}
    for name in order:
        node = graph.nodes[name]
        node.column = taken.get(node.row, 0)
        taken[node.row] = node.column + 1


def _without_ways_back(graph: Graph, start: str) -> dict[str, list[str]]:
    """State → the states after it, in topological order, with edges into an ancestor left out."""
    targets: dict[str, list[str]] = {name: [] for name in graph.nodes}
    for edge in sorted(graph.edges, key=lambda edge: edge.caught):
        targets[edge.source].append(edge.target)
    kept: dict[str, list[str]] = {}
    finished: list[str] = []
    path: set[str] = set()

    def visit(name: str) -> None:
        kept[name] = []
        path.add(name)
        for target in reversed(targets[name]):  # the first comes first in the end
            if target in path:
                continue
            kept[name].append(target)
            if target not in kept:
                visit(target)
        path.discard(name)
        finished.append(name)

    for root in (start, *graph.nodes):
        if root not in kept:
            visit(root)
    return {name: kept[name] for name in reversed(finished)}
