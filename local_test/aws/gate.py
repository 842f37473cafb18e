"""The door of the local AWS: names every call, and refuses what nobody answers for."""

import json
from collections.abc import Iterable
from typing import Any

from local_test.aws.calls import named_call, refusal
from local_test.aws.control import PREFIX as CONTROL
from local_test.aws.page.application import PREFIX as PAGE
from local_test.aws.sagemaker.service import SageMaker


class Gate:
    """A WSGI application in front of SageMaker (ours) and everything else (moto's)."""

    def __init__(self) -> None:
        self._sagemaker: SageMaker | None = None
        self._others: Any = None
        self._control: Any = None
        self._page: Any = None

    def open(self, sagemaker: SageMaker, others: Any, control: Any, page: Any) -> None:
        """Let calls through to these."""
        self._sagemaker, self._others = sagemaker, others
        self._control, self._page = control, page

    def close(self) -> None:
        """End what runs in SageMaker."""
        if self._sagemaker is not None:
            self._sagemaker.close()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path.startswith(PAGE):
            return self._page(environ, start_response)
        if path.startswith(CONTROL):
            return self._control(environ, start_response)
        if self._sagemaker.answers(environ):
            return self._sagemaker(environ, start_response)
        service, operation = named_call(environ)
        if why := refusal(service, operation):
            return _refused(why, start_response)
        try:
            return self._others(environ, start_response)
        except NotImplementedError as error:
            return _refused(f"moto has no {service} {operation}: {error}", start_response)


def _refused(why: str, start_response: Any) -> Iterable[bytes]:
    """In the form of AWS' JSON and XML protocols at once, as far as clients read it."""
    body = json.dumps({"__type": "NotImplemented", "message": why, "Message": why}).encode()
    headers = [
        ("Content-Type", "application/x-amz-json-1.1"),
        ("Content-Length", str(len(body))),
        ("x-amzn-ErrorType", "NotImplemented"),
    ]
    start_response("501 Not Implemented", headers)
    return [body]
