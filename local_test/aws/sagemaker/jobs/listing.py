"""What the List calls of jobs answer."""

from typing import Any

from local_test.aws.sagemaker.calls import Call
from local_test.aws.sagemaker.endpoints.listing import listed as pages

OPTIONAL = ("FailureReason", "ExitMessage", "SecondaryStatus", "TransformEndTime")


def listed(call: Call, kind: str, word: str) -> dict[str, Any]:
    """One page of summaries of a kind of job."""
    with call.store.lock:
        records = call.store.all(kind)
        keys = (f"{word}Name", f"{word}Arn", f"{word}Status", "CreationTime", "LastModifiedTime")
        page = pages(call, records, word, keys)
        summaries = page.pop(f"{word}s")
        for summary in summaries:
            record = call.store.get(kind, summary[f"{word}Name"])
            summary |= {key: record[key] for key in OPTIONAL if key in record}
    return {f"{word}Summaries": summaries, **page}
