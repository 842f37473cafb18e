"""Which calls the local AWS answers: the table in calls.toml, and the name of a request's call.

Calls of SageMaker that this project makes itself are not in the table's file: the handlers
are the table.
"""

import io
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from local_test.aws.service_models import service_model

TABLE = Path(__file__).with_name("calls.toml")
BY_SIGNATURE = {
    "states": "stepfunctions",
    "monitoring": "cloudwatch",
    "scheduler": "scheduler",
}
SUB_RESOURCES = (  # of buckets and objects in S3, beside those of the calls in the table
    "attributes",
    "delete",
    "encryption",
    "list-type",
    "location",
    "notification",
    "policy",
    "tagging",
    "uploads",
    "versioning",
    "versions",
)
REST = ("lambda", "scheduler", "xray")


@cache
def table() -> dict[str, dict[str, str]]:
    """Service → call → "real" or "simulated", with a remark after a colon."""
    return tomllib.loads(TABLE.read_text(encoding="utf-8"))


def named_call(environ: dict[str, Any]) -> tuple[str, str]:
    """Service and call of a request, by its signature; "" where it cannot be told.

    Calls of REST services are told by method and path. Those of S3 are "" unless they are about
    what only moto keeps, for example a bucket's website.
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
    if service in REST:
        return service, _routed(service, environ["REQUEST_METHOD"], path)
    if service == "s3":
        return service, _kept_only(environ["REQUEST_METHOD"], path, environ["QUERY_STRING"])
    if not service:
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
    if operation in known[service] or (service == "s3" and not operation):
        return ""
    call, names = operation or "this call", ", ".join(sorted(known[service]))
    return (
        f"The local AWS does not answer {service} {call}. Of {service} it answers {names}: "
        "docs/local-aws.md."
    )


def markdown() -> str:
    """The table for people."""
    lines = ["| service | call | what answers |", "| --- | --- | --- |"]
    for service, calls in sorted(table().items()):
        lines += [f"| {service} | {call} | {how} |" for call, how in sorted(calls.items())]
    return "\n".join(lines) + "\n"


def _routed(service: str, method: str, path: str) -> str:
    """The call with this method and path; "" when there is none."""
    for verb, pattern, operation in _routes(service):
        if verb == method and pattern.fullmatch(path.rstrip("/")):
            return operation
    return ""


@cache
def _routes(service: str) -> list[tuple[str, re.Pattern[str], str]]:
    """Method, path and name of every call of a REST service, the most exact paths first."""
    model = service_model(service)
    calls = [(model.operation_model(name).http, name) for name in model.operation_names]
    return [
        (http["method"], re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path)), name)
        for http, name in sorted(calls, key=lambda one: -len(one[0]["requestUri"]))
        if "?" not in (path := http["requestUri"].rstrip("/"))
    ]


def _kept_only(method: str, path: str, query: str) -> str:
    """The call of S3 on a sub-resource like ?website; "" for those that there are."""
    on_object = "/" in path.strip("/")
    for key in parse_qs(query, keep_blank_values=True):
        if name := _sub_resources().get((method, key, on_object)):
            return name
    return ""


@cache
def _sub_resources() -> dict[tuple[str, str, bool], str]:
    """Method, key of the query and whether there is an object → the call of S3."""
    model = service_model("s3")
    calls = [(model.operation_model(name).http, name) for name in sorted(model.operation_names)]
    return {
        (http["method"], key, "{Key" in path): name
        for http, name in calls
        for path, _, marker in [http["requestUri"].partition("?")]
        if (key := re.split("[=&]", marker)[0]) and key not in SUB_RESOURCES
    }


def _action(environ: dict[str, Any]) -> str:
    """The Action of a query request; its body is put back for who answers it."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(length)
    environ["wsgi.input"] = io.BytesIO(body)
    form = parse_qs(body.decode("utf-8", "replace") or environ.get("QUERY_STRING", ""))
    return form.get("Action", [""])[0]
