"""Which calls the local AWS answers: the table in calls.toml, and the name of a request's call.

Calls of SageMaker that this project makes itself are not in the table's file: the handlers
are the table.
"""

import io
import tomllib
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

TABLE = Path(__file__).with_name("calls.toml")
BY_SIGNATURE = {
    "states": "stepfunctions",
    "monitoring": "cloudwatch",
    "scheduler": "scheduler",
}
REST = ("s3", "lambda", "xray", "scheduler")


@cache
def table() -> dict[str, dict[str, str]]:
    """Service → call → "real" or "simulated", with a remark after a colon."""
    return tomllib.loads(TABLE.read_text(encoding="utf-8"))


def named_call(environ: dict[str, Any]) -> tuple[str, str]:
    """Service and call of a request, by its signature; "" where it cannot be told.

    Calls of REST services are told by method and path only where that is needed, so the
    call of S3 and Lambda is "".
    """
    scope = environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")[2].split("/")
    signed = scope[3] if len(scope) > 3 else ""
    service = BY_SIGNATURE.get(signed, signed)
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    if target:
        return service, target.rpartition(".")[2]
    path = environ["PATH_INFO"]
    if "/operation/" in path:  # the CBOR protocol of CloudWatch
        return service, path.rpartition("/operation/")[2]
    if service in REST or not service:
        return service, ""
    return service, _action(environ)


def refusal(service: str, operation: str) -> str:
    """Why nobody answers; empty when somebody does."""
    if not service:
        return ""  # unsigned: presigned URLs of S3, and what moto asks of itself
    known = table()
    if service not in known:
        return (
            f"The local AWS has no {service}. It has {', '.join(sorted(known))}: docs/local-aws.md."
        )
    if not operation or operation in known[service]:
        return ""
    names = ", ".join(sorted(known[service]))
    return (
        f"The local AWS does not answer {service} {operation}. Of {service} it answers {names}: "
        "docs/local-aws.md."
    )


def markdown() -> str:
    """The table for people."""
    lines = ["| service | call | what answers |", "| --- | --- | --- |"]
    for service, calls in sorted(table().items()):
        lines += [f"| {service} | {call} | {how} |" for call, how in sorted(calls.items())]
    return "\n".join(lines) + "\n"


def _action(environ: dict[str, Any]) -> str:
    """The Action of a query request; its body is put back for who answers it."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(length)
    environ["wsgi.input"] = io.BytesIO(body)
    form = parse_qs(body.decode("utf-8", "replace") or environ.get("QUERY_STRING", ""))
    return form.get("Action", [""])[0]
