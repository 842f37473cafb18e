"""`python -m framework monitor` as a processing job runs it: files in, reports out."""

import json
import tarfile

import pytest

from tests.framework.monitoring.conftest import HOUR, customers, record, requests

WINDOW = {"start_time": "2026-02-20T05: 00: 00Z", "end_time": "2026-02-20T06: 00: 00Z"}
MODEL_MONITOR = WINDOW | {
    "dataset_format": '{"sagemakerCaptureJson": {"captureIndexNames": ["endpointInput"]}}',
    "dataset_source": "/opt/ml/processing/input/endpoint",
    "output_path": "/opt/ml/processing/output",
    "publish_cloudwatch_metrics": "Enabled",
    "sagemaker_endpoint_name": "live",
    "sagemaker_monitoring_schedule_name": "hourly",
}


def test_unshifted_requests_are_no_violation(monitoring):
    monitoring.capture(requests(customers(2)))
    code, output = monitoring.run(**MODEL_MONITOR)
    assert code == 0, output
    assert monitoring.message == "Completed: Job completed successfully with no violations."
    assert monitoring.read("constraint_violations.json") == {"violations": []}
    drift = monitoring.read("drift.json")
    assert (drift["drifted"], drift["judged"]) == (False, True)
    assert drift["rows"] == {"reference": 2000, "current": 1000}
    assert drift["requests"]["decoded"] == 100
    assert drift["endpoint"] == "live"


def test_a_shifted_column_is_named_in_every_report(monitoring):
    monitoring.capture(requests(customers(3, older=5)))
    code, output = monitoring.run(**MODEL_MONITOR)
    assert code == 0, output
    assert (
        monitoring.message
        == "CompletedWithViolations: Job completed successfully with 1 violations."
    )
    (violation,) = monitoring.read("constraint_violations.json")["violations"]
    assert violation["feature_name"] == "age"
    assert violation["constraint_check_type"] == "baseline_drift_check"
    drift = monitoring.read("drift.json")
    assert [c["column"] for c in drift["columns"] if c["drifted"]] == ["age"]
    page = (monitoring.output / "report.html").read_text()
    assert "Drifted: age" in page
    assert "<svg" in page


def test_statistics_constraints_and_metrics_have_model_monitors_shape(monitoring):
    monitoring.capture(requests(customers(4)))
    assert monitoring.run(**MODEL_MONITOR)[0] == 0
    statistics = monitoring.read("statistics.json")
    assert statistics["dataset"] == {"item_count": 1000}
    age, city, member = statistics["features"]
    numbers = age["numerical_statistics"]
    assert age["inferred_type"] == "Fractional"
    assert numbers["common"] == {"num_present": 1000, "num_missing": 0}
    assert sum(b["count"] for b in numbers["distribution"]["kll"]["buckets"]) == 1000
    assert numbers["min"] < numbers["mean"] < numbers["max"]
    assert city["string_statistics"]["distinct_count"] == 3
    assert member["inferred_type"] == "String"
    constraints = monitoring.read("constraints.json")
    domains = [f.get("string_constraints", {}).get("domains") for f in constraints["features"]]
    assert domains == [None, ["Basel", "Bern", "Genf"], ["false", "true"]]
    assert constraints["features"][0]["completeness"] == 1.0
    limit = constraints["monitoring_config"]["distribution_constraints"]["comparison_threshold"]
    assert limit == 0.1
    lines = (monitoring.base / "output/metrics/cloudwatch/cloudwatch_metrics.jsonl").read_text()
    metrics = {line["MetricName"]: line for line in map(json.loads, lines.splitlines())}
    assert metrics["violations"]["Value"] == 0.0
    assert metrics["drifted_columns"]["Timestamp"] == "2026-02-20T06:00:00Z"
    assert metrics["feature_data_age"]["StatisticValues"]["SampleCount"] == 1000.0
    assert {"feature_baseline_drift_city", "feature_non_null_member"} <= metrics.keys()
    names = [(d["Name"], d["Value"]) for d in metrics["violations"]["Dimensions"]]
    assert names == [("Endpoint", "live"), ("MonitoringSchedule", "hourly")]


def test_only_what_customers_sent_in_the_hour_of_the_run_counts(monitoring):
    monitoring.capture(requests(customers(5)))
    late = [record("99,Bern,true", time=f"{HOUR[:-2]}07:00:00Z")] * 300
    monitoring.capture(late, name="late.jsonl")
    golden = record("99,Bern,true")
    golden["eventMetadata"]["inferenceId"] = "golden-0f3a"
    monitoring.capture([golden] * 300, name="golden.jsonl")
    untimed = record("99,Bern,true")
    del untimed["eventMetadata"]
    monitoring.capture([untimed] * 300, hour="2026-02-20T06")
    assert monitoring.run(**WINDOW)[0] == 0
    drift = monitoring.read("drift.json")
    assert drift["rows"]["current"] == 1000
    assert drift["requests"]["other_time"] == 600
    assert drift["requests"]["golden"] == 300
    assert not drift["drifted"]
    assert not (monitoring.base / "output/metrics").exists()


def test_damaged_lines_are_counted_not_fatal(monitoring):
    damaged = ["{broken", "[]", json.dumps(record("1", "BASE64")).replace('"MQ==', '"%%%')]
    monitoring.capture([*requests(customers(6)), *damaged])
    code, output = monitoring.run(**WINDOW)
    assert code == 0, output
    drift = monitoring.read("drift.json")
    assert drift["requests"]["damaged_lines"] == 3
    assert drift["judged"]
    assert "1 lines: its data are not BASE64" in drift["damage"]
    assert drift["damage"][-1].endswith("a.jsonl, line 101")


def test_a_missing_column_is_a_violation_that_names_it(monitoring):
    lines = [record("age,member\n40,true"), record('[{"age": 1, "member": true}]', "JSON", "")]
    monitoring.capture(requests(customers(7)) + lines * 20)
    assert monitoring.run(**WINDOW)[0] == 0
    (violation,) = monitoring.read("constraint_violations.json")["violations"]
    assert violation["feature_name"] == "city"
    assert violation["constraint_check_type"] == "missing_column_check"
    assert violation["description"].startswith("40 of 140 requests do not fit")
    assert monitoring.read("drift.json")["requests"]["refused"] == 40
    assert not monitoring.read("drift.json")["drifted"]


def test_other_faults_of_requests_have_their_check(monitoring):
    unfit = {
        ("city", "categorical_values_check"): "40,Chur,true",
        ("age", "data_type_check"): "old,Bern,true",
        ("", "missing_column_check"): "40,Bern",
        ("", "extra_column_check"): "40,Bern,true,1",
        ("size", "extra_column_check"): "age,city,member,size\n40,Bern,true,1",
        ("", "data_type_check"): '"',
    }
    monitoring.capture([record(line) for line in unfit.values() for _ in range(20)])
    assert monitoring.run(**WINDOW)[0] == 0
    found = monitoring.read("constraint_violations.json")["violations"]
    assert {(v["feature_name"], v["constraint_check_type"]) for v in found} == set(unfit)
    drift = monitoring.read("drift.json")
    assert drift["reason"].startswith("None of the 120 requests")


def test_a_few_bad_callers_are_no_violation(monitoring):
    monitoring.capture(requests(customers(8)) + [record("x,y,z")] * 5)
    assert monitoring.run(**WINDOW)[0] == 0
    assert monitoring.read("constraint_violations.json")["violations"] == []
    assert monitoring.read("drift.json")["requests"]["refused"] == 5


def outputs_only():
    line = record("1,Bern,true")
    del line["captureData"]["endpointInput"]
    return [line] * 7


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([], "There were no requests from 2026-02-20 05:00:00 UTC to 2026-02-20 06:00:00 UTC."),
        (outputs_only(), "The 7 records from 2026-02-20 05:00:00 UTC"),
        (["{"], "All 1 lines are damaged"),
        (requests(customers(9, rows=50, older=50)), "The new data have 50 rows; a verdict needs"),
    ],
    ids=["no rows", "outputs only", "damaged only", "few rows"],
)
def test_without_enough_rows_there_is_no_verdict_and_it_is_said(monitoring, lines, reason):
    monitoring.capture(lines)
    code, output = monitoring.run(**WINDOW)
    assert code == 0, output
    drift = monitoring.read("drift.json")
    assert (drift["judged"], drift["drifted"]) == (False, False)
    assert drift["reason"].startswith(reason)
    assert monitoring.message.startswith("Completed: Job completed successfully with no violations")
    assert reason in monitoring.message
    assert "No verdict" in (monitoring.output / "report.html").read_text()


def test_the_manifest_alone_is_a_baseline(monitoring):
    """And the thresholds may come from a constraints.json."""
    with tarfile.open(monitoring.model / "model.tar.gz") as archive:
        manifest = archive.extractfile("manifest.json").read()
    (monitoring.model / "model.tar.gz").unlink()
    baseline = monitoring.base / "processing/baseline"
    baseline.mkdir()
    (baseline / "manifest.json").write_bytes(manifest)
    limits = {"monitoring_config": {"distribution_constraints": {"comparison_threshold": 9}}}
    (baseline / "constraints.json").write_text(json.dumps(limits))
    monitoring.capture(requests(customers(10, older=5)))
    named = {"baseline_statistics": "/opt/ml/processing/baseline/manifest.json"}
    assert monitoring.run(**WINDOW, **named)[0] == 0
    assert monitoring.read("drift.json")["drifted"]
    named["baseline_constraints"] = "/opt/ml/processing/baseline/constraints.json"
    assert monitoring.run(**WINDOW, **named)[0] == 0
    assert not monitoring.read("drift.json")["drifted"]


def no_baseline(monitoring):
    (monitoring.model / "model.tar.gz").unlink()


def no_capture(monitoring):
    monitoring.source.rmdir()


def damaged_archive(monitoring):
    (monitoring.model / "model.tar.gz").write_bytes(b"no archive")


@pytest.mark.parametrize(
    ("spoil", "variables", "said"),
    [
        (no_baseline, {}, "There is no baseline: neither processing/input/model/model.tar.gz"),
        (no_capture, {}, "There is no captured data at"),
        (damaged_archive, {}, "cannot be unpacked"),
        (None, {"start_time": "yesterday"}, "start_time is 'yesterday'; it must be a time like"),
        (None, {"dataset_format": '{"csv": {}}'}, "only data captured by an endpoint can be read"),
        (None, {"publish_cloudwatch_metrics": "yes"}, "it must be Enabled or Disabled"),
        (None, {"baseline_constraints": "/nowhere"}, "cannot be read as constraints"),
        (None, {"baseline_statistics": "/nowhere/x"}, "There are no statistics to compare with"),
    ],
)
def test_what_cannot_be_watched_ends_the_job_with_a_reason(monitoring, spoil, variables, said):
    if spoil:
        spoil(monitoring)
    code, output = monitoring.run(**variables)
    assert code == 1
    assert said in output
    assert said in monitoring.message
