"""`demo`: what a newcomer sees first."""

from pathlib import Path

from tests.local_test.conftest import PROJECT, SCALE


def test_the_demo_trains_serves_and_compares_with_the_truth(bench):
    finished = bench.run("demo", PROJECT / "container", "--engine", "process", "--json")
    assert finished.code == 0, finished.stderr
    assert finished.data["rows"] == 69
    assert finished.data["right"] >= 62
    (report,) = finished.data["reports"]
    assert "<html" in Path(report).read_text()


def test_rows_that_do_not_hold_the_truth_are_explained(bench):
    finished = bench.run("demo", SCALE, "--engine", "process")
    assert finished.code == 1
    assert "one more: the truth" in finished.stderr
