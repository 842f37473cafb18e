"""What a run leaves behind: pages without foreign parts, JSON with stable keys, the same again."""

import re
from html.parser import HTMLParser

import pytest

from framework.evaluation.page import data_page, model_page

FOREIGN = re.compile(r"https?:|(?:src|href|srcset|action)\s*=|@import|url\(|<script|<iframe|<link")
EVIL = "<script>alert('x')</script>"


class Reader(HTMLParser):
    """Counts the tags of a page; fails where one is not closed."""

    def __init__(self, page: str):
        super().__init__()
        self.open, self.tags = [], []
        self.feed(page)
        self.close()

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def check(page: str) -> list[str]:
    """The tags of a page that is complete and loads nothing."""
    assert page.startswith('<!doctype html><html lang="en"><meta charset="utf-8"><title>')
    assert page.endswith("</html>\n")
    assert not FOREIGN.search(page), FOREIGN.search(page)
    assert "nan" not in re.findall(r'(?:c[xy]|[xy][12]?|width|height)="(\w+)', page)
    reader = Reader(page)
    assert reader.open == []
    return reader.tags


def found(**changes):
    metric = {"name": "accuracy", "value": 0.5, "greater_is_better": True, "rows": 2}
    return {
        "metric": metric | {"standard_error": 0.1},
        "interval": [0.4, 0.6],
        "verdict": {"accepted": False, "reasons": [EVIL]},
        "champion": None,
        "concept_drift": None,
        "model": {"training_job": EVIL},
    } | changes


@pytest.mark.parametrize(
    ("truths", "answers", "plot"),
    [
        (["a", EVIL], ["a", EVIL], "table"),
        (["a", "b"], [[1, 2], {EVIL: 1}], "table"),
        ([*map(str, range(50))], [*range(50)], "svg"),
        ([1.5] * 30, [1.5 + i for i in range(30)], "svg"),
        ([f"{EVIL}{i}" for i in range(40)], [EVIL] * 40, "table"),
        ([*range(40)], [float("nan")] + [1.0] * 39, "table"),
    ],
)
def test_the_page_of_any_answers(truths, answers, plot):
    champion = {"value": 0.5, "interval": [0.5, 0.5]}
    drift = {"drifted": True, "before": 0.9, "now": 0.5, "p_value": 1e-9}
    page = model_page(found(champion=champion, concept_drift=drift), truths, answers)
    tags = check(page)
    assert plot in tags[tags.index("svg") + 1 :]
    assert "Rejected." in page
    assert "has grown worse" in page


def test_a_value_that_nothing_surrounds_has_a_plot():
    metric = found()["metric"] | {"value": 0.0}
    check(model_page(found(metric=metric, interval=[0.0, 0.0], model=None), ["1"], ["0"]))


def test_the_page_of_data_escapes_names():
    problem = {"channel": EVIL, "column": EVIL, "problem": EVIL}
    check(data_page({"usable": False, "problems": [problem], "rows": {EVIL: 3}}, None))


def test_labels_are_written_as_the_truth_is(evaluation):
    evaluation.write_echo()
    evaluation.write_pairs([EVIL, "True", "b"], [EVIL, "true", "a"])
    evaluation.judged()
    tags = check(evaluation.page)
    assert tags.count("svg") == 1
    for name in ("True", "a", "b", "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;"):
        assert f"<tr><th>{name}</th>" in evaluation.page


def test_keys_are_stable_and_json_is_strict(evaluation):
    evaluation.write_echo("return [float('nan'), float('inf'), 'c']")
    evaluation.write_pairs(["a", "b", "c"], ["a", "b", "c"])
    first = evaluation.judged()
    assert list(first) == [
        "metric",
        "interval",
        "rows_hash",
        "verdict",
        "champion",
        "concept_drift",
        "model",
    ]
    assert list(first["metric"]) == [
        "name",
        "value",
        "greater_is_better",
        "rows",
        "standard_error",
    ]
    assert list(first["verdict"]) == ["accepted", "reasons"]
    assert first["interval"][0] <= first["metric"]["value"] <= first["interval"][1]
    assert evaluation.read("answers.json") == {
        "truths": ["a", "b", "c"],
        "answers": [None, None, "c"],
    }


def test_the_same_input_gives_the_same_files(evaluation, monkeypatch):
    evaluation.declared |= {"metric": "f1_macro"}
    evaluation.write_echo()
    labels = [f"label {i % 17}" for i in range(300)]
    evaluation.write_pairs(labels, labels[3:] + labels[:1] + labels[:2])
    earlier = evaluation.judged()
    evaluation.compare_with("champion", earlier)
    evaluation.compare_with("baseline", earlier)
    seen = set()
    for seed in "12":
        monkeypatch.setenv("PYTHONHASHSEED", seed)
        message = evaluation.run().message
        files = sorted(evaluation.output.iterdir())
        assert [path.name for path in files] == ["answers.json", "evaluation.json", "report.html"]
        seen.add((message, *(path.read_bytes() for path in files)))
    assert len(seen) == 1
