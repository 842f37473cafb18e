"""Where the status page draws the states of a definition."""

from typing import Any

from local_test.aws.page.graph import draw


def machine(start: str, **states: dict[str, Any]) -> dict[str, Any]:
    return {"StartAt": start, "States": states}


def rows(definition: dict[str, Any]) -> dict[str, int]:
    return {name: node.row for name, node in draw(definition).nodes.items()}


def test_every_state_is_below_all_that_lead_to_it() -> None:
    definition = machine(
        "first",
        first={"Type": "Pass", "Next": "choose"},
        choose={"Type": "Choice", "Choices": [{"Next": "long"}], "Default": "end"},
        long={"Type": "Pass", "Next": "longer"},
        longer={"Type": "Pass", "Next": "end"},
        end={"Type": "Succeed"},
    )
    assert rows(definition) == {"first": 0, "choose": 1, "long": 2, "longer": 3, "end": 4}


def test_a_way_back_does_not_move_what_it_leads_to() -> None:
    definition = machine(
        "ask",
        ask={"Type": "Task", "Next": "ready"},
        ready={"Type": "Choice", "Choices": [{"Next": "end"}], "Default": "wait"},
        wait={"Type": "Wait", "Next": "ask"},
        end={"Type": "Succeed"},
    )
    assert rows(definition) == {"ask": 0, "ready": 1, "wait": 2, "end": 2}


def test_branches_come_between_their_state_and_the_next() -> None:
    definition = machine(
        "both",
        both={
            "Type": "Parallel",
            "Branches": [
                machine("left", left={"Type": "Pass", "End": True}),
                machine("right", right={"Type": "Fail"}),
            ],
            "Next": "after",
            "Catch": [{"Next": "broken"}],
        },
        after={"Type": "Pass", "End": True},
        broken={"Type": "Fail"},
    )
    graph = draw(definition)
    assert rows(definition) == {"both": 0, "left": 1, "right": 1, "broken": 1, "after": 2}
    assert ("both", "broken", True) in {(e.source, e.target, e.caught) for e in graph.edges}
    assert not any(edge.source == "right" for edge in graph.edges)


def test_no_two_states_share_a_place() -> None:
    definition = machine(
        "pick",
        pick={
            "Type": "Choice",
            "Choices": [{"Next": name} for name in ("a", "b", "c")],
            "Default": "d",
        },
        **{name: {"Type": "Succeed"} for name in ("a", "b", "c", "d")},
    )
    places = [(node.row, node.column) for node in draw(definition).nodes.values()]
    assert len(set(places)) == len(places)
