"""What the List calls have in common: filters, order, pages."""

from collections.abc import Sequence
from typing import Any

from local_test.aws.sagemaker.calls import Call
from local_test.aws.sagemaker.store import Record

PAGE = 100
SORT_FIELDS = {"Name": "{kind}Name", "CreationTime": "CreationTime", "Status": "{kind}Status"}


def listed(call: Call, records: Sequence[Record], kind: str, summary: Sequence[str]) -> Any:
    """One page of summaries.

    Args:
        kind: for example "Endpoint", as the names of the records' keys begin.
        summary: the keys that a summary has.
    """
    asked = call.parameters
    field = SORT_FIELDS[asked.get("SortBy", "CreationTime")].format(kind=kind)
    found = sorted(
        (record for record in records if _matches(record, asked, kind)),
        key=lambda record: record[field],
        reverse=asked.get("SortOrder", "Descending") == "Descending",
    )
    begin = int(asked.get("NextToken", 0))
    end = begin + asked.get("MaxResults", PAGE)
    answer = {f"{kind}s": [{key: record[key] for key in summary} for record in found[begin:end]]}
    return answer | ({"NextToken": str(end)} if end < len(found) else {})


def _matches(record: Record, asked: dict[str, Any], kind: str) -> bool:
    times = [
        (f"{field}{side}", record[field].timestamp(), sign)
        for field in ("CreationTime", "LastModifiedTime")
        for side, sign in (("After", 1), ("Before", -1))
        if f"{field}{side}" in asked
    ]
    return (
        asked.get("NameContains", "") in record[f"{kind}Name"]
        and asked.get("StatusEquals", record.get(f"{kind}Status")) == record.get(f"{kind}Status")
        and all((time - asked[name]) * sign >= 0 for name, time, sign in times)
    )
