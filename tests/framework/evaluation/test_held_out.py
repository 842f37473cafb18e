"""Held-out rows in every form, and labels as each form writes them."""

import json

import pandas as pd
import pytest

from framework.evaluation.held_out import identity

OWN = """
import json

def rows(channel):
    for path in sorted(channel.glob("*.txt")):
        answers, truths = path.read_text().split("|")
        yield json.dumps([[int(one)] for one in answers.split()]).encode(), "application/json", (
            truths.split()
        )

def fails(channel):
    yield from rows(channel)
    raise ValueError("a bad line")

def near(truths, answers):
    return sum(abs(int(t) - a) <= 1 for t, a in zip(truths, answers)) / len(truths)
"""


def accuracy(evaluation, declared="truth"):
    evaluation.declared["target"] = declared
    evaluation.write_echo()
    found = evaluation.judged()["metric"]
    return found["rows"], found["value"]


def test_several_files_of_every_form_are_one_table(evaluation):
    table = pd.DataFrame({"answer": list("abcd"), "note": ["x,y", '"', "ü\n", "None"]})
    table["truth"] = ["a", "b", "c", "x"]
    evaluation.write("test", "1.csv", table.to_csv(index=False))
    evaluation.write("test", "deeper/2.jsonl", table.to_json(orient="records", lines=True))
    table.to_parquet(evaluation.write("test", "3.parquet", ""))
    evaluation.write("test", "4.csv", "truth,answer,note\n")
    evaluation.write("test", "_SUCCESS", "")
    assert accuracy(evaluation) == (12, 0.75)
    answers = evaluation.read("answers.json")
    assert answers == {"truths": [*"abcx"] * 3, "answers": [*"abcd"] * 3}


def test_more_rows_than_one_request_takes(evaluation):
    evaluation.write_pairs(range(1201), range(1201))
    assert accuracy(evaluation) == (1201, 1.0)
    assert evaluation.read("answers.json")["answers"] == list(range(1201))


@pytest.mark.parametrize(
    ("truths", "answers"),
    [
        ([True, False, True], "[True, False, True]"),
        ([True, False, True], "[1, 0, 1]"),
        ([1, 0, 1], "[True, False, True]"),
        (["1", "2", "3"], "[1.0, 2.0, 3.0]"),
        (["no", "True", "ä"], "['no', 'True', 'ä']"),
    ],
)
def test_labels_of_all_kinds(evaluation, truths, answers):
    table = pd.DataFrame({"answer": 0, "truth": truths})
    evaluation.write("test", "rows.csv", table.to_csv(index=False))
    table.to_parquet(evaluation.write("test", "rows.parquet", ""))
    evaluation.write_echo(f"return {answers} * (len(data) // 3)")
    assert evaluation.judged()["metric"]["value"] == 1.0


def test_numbers_of_parquet_keep_all_their_digits(evaluation):
    table = pd.DataFrame({"answer": [1e-20, 1 / 3], "truth": [1e-20, 1 / 3]})
    table.to_parquet(evaluation.write("test", "rows.parquet", ""))
    evaluation.write_echo("return data[:, 0].tolist()")
    assert evaluation.judged()["metric"]["value"] == 1.0
    assert evaluation.read("answers.json")["answers"] == [1e-20, 1 / 3]


def test_the_truth_by_position_in_rows_without_a_header(evaluation):
    evaluation.declared["target"] = "0"
    evaluation.write_echo("return data[:, 1].tolist()")
    evaluation.write("test", "rows.csv", "1,5,1\n2,5,2\n3,5,4\n")
    assert evaluation.judged()["metric"]["value"] == pytest.approx(2 / 3)


def test_rows_and_a_metric_of_ones_own(evaluation):
    evaluation.declared = {"rows": "own:rows", "metric": "own:near", "greater_is_better": True}
    evaluation.write_code("own.py", OWN)
    evaluation.write_echo("return data[:, 0].tolist()")
    evaluation.write("test", "1.txt", "1 2 3|1 3 5")
    evaluation.write("test", "2.txt", "7|7")
    found = evaluation.judged()
    assert found["metric"]["name"] == "near"
    assert (found["metric"]["value"], found["metric"]["rows"]) == (0.75, 4)
    evaluation.write("test", "2.txt", "7|seven")
    evaluation.refused("DataError: The metric 'near' failed: ValueError: invalid literal")


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ({"rows": "own:fails"}, ["'own:fails' cannot read channel 'test'", "a bad line (own.py:"]),
        ({"rows": "own:raws"}, ["own.py has no 'raws'", "Did you mean 'rows'"]),
        ({"rows": "own:len"}, ["own.py has no 'len'"]),
        ({"rows": "own:json"}, ["own.py has no 'json'"]),
    ],
)
def test_a_function_that_cannot_be_used(evaluation, declared, words):
    evaluation.declared = declared
    evaluation.write_code("own.py", OWN)
    evaluation.write_echo()
    evaluation.write("test", "1.txt", "1|1")
    evaluation.refused(*words)


def test_equal_rows_have_equal_hashes_and_others_have_others(tmp_path):
    def hash_of(name, content, truths=("a",)):
        channel = tmp_path / json.dumps([name, content])[2:-2].replace("/", "-")
        (channel / name).parent.mkdir(parents=True, exist_ok=True)
        (channel / name).write_text(content)
        return identity(channel, truths)

    same = hash_of("rows.csv", "a,b\n")
    assert identity(next(tmp_path.iterdir()), ("a",)) == same
    others = [
        hash_of("rows.csv", "a,c\n"),
        hash_of("more.csv", "a,b\n"),
        hash_of("rows.csv", "a,b\n", ("b",)),
    ]
    assert len({same, *others}) == 4
