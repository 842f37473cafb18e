"""Reading captured data, where a whole job would take too long."""

import json

from framework.layout import Layout
from framework.monitoring.capture import MOST_RECORDS, read_capture
from framework.monitoring.settings import MonitorSettings
from tests.framework.monitoring.conftest import record


def test_of_very_many_requests_a_fair_sample_is_kept(tmp_path):
    source = tmp_path / "processing/input/endpoint"
    source.mkdir(parents=True)
    count = MOST_RECORDS + MOST_RECORDS // 2
    line = json.dumps(record("ROW"))
    with (source / "all.jsonl").open("w") as file:
        file.writelines(line.replace("ROW", str(row)) + "\n" for row in range(count))
    capture = read_capture(MonitorSettings.from_environment(Layout(tmp_path), {}))
    assert capture.inputs == count
    kept = [int(request.body) for request in capture.requests]
    assert len(set(kept)) == MOST_RECORDS
    assert abs(sum(kept) / MOST_RECORDS - count / 2) < count / 100


def test_without_a_content_type_the_encoding_tells_it(tmp_path):
    source = tmp_path / "processing/input/endpoint"
    source.mkdir(parents=True)
    captured = {"captureData": {"endpointInput": {"data": "1,2", "encoding": "CSV"}}}
    (source / "a.jsonl").write_text(json.dumps(captured))
    (request,) = read_capture(MonitorSettings.from_environment(Layout(tmp_path), {})).requests
    assert (request.body, request.content_type) == (b"1,2", "text/csv")
