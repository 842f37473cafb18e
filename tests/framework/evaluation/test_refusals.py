"""Faults of the user: each a message that says what and where, exit code 1, and no traceback."""

import pytest

from framework.evaluation import metrics

TABLE = "answer,truth\na,a\nb,b\n"


def test_without_the_model_or_the_held_out_channel(evaluation):
    evaluation.write_echo()
    evaluation.write("tests", "rows.csv", TABLE)
    evaluation.refused("There is no channel 'test'", "[evaluation] channel", "Did you mean 'tests'")
    (evaluation.given / "model/model.tar.gz").unlink()
    evaluation.refused("ArtifactError: There is no ", "model.tar.gz", "Let an input")


def test_a_damaged_archive(evaluation):
    evaluation.write_echo()
    evaluation.write("test", "rows.csv", TABLE)
    (evaluation.given / "model/model.tar.gz").write_bytes(b"no archive")
    evaluation.refused("ArtifactError", "model.tar.gz cannot be unpacked")


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ({}, ["algorithm.toml does not say what is true", "[evaluation] target"]),
        ({"target": "truth", "metric": "acuracy"}, ["'acuracy' is none of", *metrics.BUILT_IN]),
        ({"target": "truth", "metric": "own:score"}, ["greater_is_better = true or false"]),
        ({"target": "truth", "minimum": float("nan")}, ["evaluation.minimum", "finite"]),
        ({"target": "thuth"}, ["test/rows.csv lacks the column 'thuth'", "It has answer, truth"]),
        ({"target": "7"}, ["test/rows.csv has 2 columns, so none at position 7"]),
        ({"target": "truth", "metric": "rmse"}, ["Row 1: the truth, 'a', is no finite number"]),
    ],
)
def test_what_algorithm_toml_says(evaluation, declared, words):
    evaluation.declared = declared
    evaluation.write_echo()
    toml = evaluation.algorithm / "algorithm.toml"
    toml.write_text(toml.read_text().replace("NaN", "nan"))
    evaluation.write("test", "rows.csv", TABLE)
    evaluation.refused(*words)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        (".hidden.csv", TABLE, ["Channel 'test' has no files"]),
        ("rows.csv", "answer,truth\n", ["Channel 'test' has no held-out rows"]),
        ("rows.csv", "", ["test/rows.csv lacks the column 'truth'", "It has no columns"]),
        ("rows.csv", TABLE + "c\n", ["rows.csv cannot be read", "line 4 has 1 cells"]),
        ("rows.csv", TABLE + "c,d,e\n", ["rows.csv cannot be read", "line 4 has 3 cells"]),
        ("rows.csv", TABLE + '"c,d\n', ["rows.csv cannot be read", "unexpected end"]),
        ("rows.csv", b"answer,truth\n\xff,\xff\n", ["rows.csv cannot be read", "utf-8"]),
        (
            "rows.csv",
            "answer,truth\na,a\nb,\nc,\n",
            ["test/rows.csv: 2 of 3 rows", "no truth in the column 'truth'", "is row 2"],
        ),
        ("rows.jsonl", '{"answer": 1, "truth": null}', ["1 of 1 rows have no truth"]),
        ("rows.jsonl", '{"answer": 1, "truth": 1}\n\n{', ["line 3 is no JSON"]),
        ("rows.json", '[{"answer": 1, "truth": 1}]', ["line 1 is no JSON object"]),
        ("rows.parquet", TABLE, ["rows.parquet cannot be read as a table"]),
    ],
)
def test_what_the_held_out_rows_are(evaluation, name, content, words):
    evaluation.write_echo()
    evaluation.write("test", name, content)
    evaluation.refused("DataError: ", *words)


@pytest.mark.parametrize(
    ("predict", "words"),
    [
        (
            "return [1 / (one != 'bad') for one in data['answer']]",
            [
                "ArtifactError: The model fails at the held-out rows (test/rows.csv, rows 501 to",
                "ZeroDivisionError: ",
                "(predictor.py:9 in <listcomp>)",
            ],
        ),
        (
            "return data['answer'].tolist()[:-1]",
            ["DataError", "test/rows.csv, rows 1 to 500", "499 answers for 500 rows"],
        ),
        ("return {'a': 1}", ["DataError", "one dict for 500 rows"]),
        ("return [[1, 2]] * len(data)", ["Row 1: the answer, [1, 2], is no label"]),
        (
            "return [{'species': one} for one in data['answer']]",
            ["Row 1: the answer, {'species': 'good'}, is no label", "[evaluation] target"],
        ),
    ],
)
def test_what_the_model_answers(evaluation, predict, words):
    evaluation.write_echo(predict)
    answers = ["good"] * 620 + ["bad"]
    evaluation.write_pairs(answers, answers)
    evaluation.refused(*words)


def test_a_number_that_is_none(evaluation):
    evaluation.declared["metric"] = "rmse"
    evaluation.write_echo("return [one if one < 3 else float('nan') for one in data['answer']]")
    evaluation.write_pairs([1, 2, 3], [1, 2, 3])
    evaluation.refused("DataError: Row 3: the answer, nan, is no finite number")


@pytest.mark.parametrize(
    ("kind", "content"), [("champion", "{"), ("champion", "[]"), ("baseline", '{"metric": {}}')]
)
def test_an_earlier_evaluation_that_is_none(evaluation, kind, content):
    evaluation.write_echo()
    evaluation.write_pairs(["a"], ["a"])
    evaluation.compare_with(kind, content)
    evaluation.refused(f"{kind}/evaluation.json is no evaluation.json of this program")


def test_a_champion_of_other_rows_or_of_another_metric(evaluation):
    evaluation.write_echo()
    evaluation.write_pairs(["a", "b"], ["a", "b"])
    champion = evaluation.judged()
    evaluation.compare_with("champion", champion | {"rows_hash": "0"})
    evaluation.refused("DataError: The champion answered other rows than the challenger")
    evaluation.compare_with("champion", champion | {"metric": champion["metric"] | {"name": "r2"}})
    evaluation.refused("was measured by r2, the challenger by accuracy", "one release without")


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["modle"],
        ["model", "--minimum", "nan"],
        ["model", "--margin", "-1"],
        ["data", "--margin", "1"],
    ],
)
def test_wrong_usage(evaluation, options):
    evaluation.write_echo()
    outcome = evaluation.run(*options or [""])
    assert outcome.code == 2
    assert "usage: python -m framework evaluate" in outcome.log


def test_what_nobody_foresaw_is_the_exit_message_too(evaluation):
    evaluation.write_echo()
    evaluation.write_pairs(["a"], ["a"])
    (evaluation.output / "evaluation.json").mkdir(parents=True)
    outcome = evaluation.run()
    assert outcome.code == 3
    assert outcome.message.startswith("IsADirectoryError: ")
    assert "Traceback" in outcome.log
