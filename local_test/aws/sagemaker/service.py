"""SageMaker's API: finds the handler of a call, checks its parameters, words its errors."""

import json
import traceback
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from local_test.aws.sagemaker import endpoints, jobs, tags
from local_test.aws.sagemaker.calls import Call, Handlers
from local_test.aws.sagemaker.errors import Refused
from local_test.aws.sagemaker.store import Stores
from local_test.aws.service_models import problems_of
from local_test.aws.world import REGION, World

TARGET = "SageMaker."


class SageMaker:
    """A WSGI application for the control plane and for invocations."""

    def __init__(self, world: World):
        self._world = world
        self._stores = Stores()
        self._jobs = jobs.Jobs(world)
        self._endpoints = endpoints.Endpoints(world)
        self._handlers: Handlers = {
            **self._jobs.handlers(),
            **self._endpoints.handlers(),
            **tags.handlers(),
        }

    def answers(self, environ: dict[str, Any]) -> bool:
        """Whether the call is one of ours; moto answers the model registry."""
        return self._operation(environ) in self._handlers or self._endpoints.invoked(environ)

    def close(self) -> None:
        """End every job and endpoint."""
        self._jobs.close()
        self._endpoints.close()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        store = self._stores.of(_region(environ))
        if self._endpoints.invoked(environ):
            return self._endpoints.invoke(store, environ, start_response)
        try:
            status, answer = 200, self._answer(environ, store)
        except Refused as refused:
            status, answer = refused.status, {"__type": refused.code, "message": str(refused)}
        except Exception as error:
            traceback.print_exc()
            status, answer = 500, {"__type": "InternalFailure", "message": repr(error)}
        body = json.dumps(answer, default=_plain).encode()
        headers = [
            ("Content-Type", "application/x-amz-json-1.1"),
            ("Content-Length", str(len(body))),
        ]
        start_response(f"{status} {'OK' if status == 200 else 'Error'}", headers)
        return [body]

    def _answer(self, environ: dict[str, Any], store: Any) -> dict[str, Any]:
        operation = self._operation(environ)
        length = int(environ.get("CONTENT_LENGTH") or 0)
        parameters = json.loads(environ["wsgi.input"].read(length) or b"{}")
        if problems := problems_of("sagemaker", operation, parameters):
            count = f"{len(problems)} validation error{'s' * (len(problems) > 1)} detected"
            raise Refused("ValidationException", f"{count}: {'; '.join(problems)}")
        call = Call(operation, parameters, store, self._world)
        return self._handlers[operation](call) or {}

    @staticmethod
    def _operation(environ: dict[str, Any]) -> str:
        target = environ.get("HTTP_X_AMZ_TARGET", "")
        return target.removeprefix(TARGET) if target.startswith(TARGET) else ""


def _region(environ: dict[str, Any]) -> str:
    """From the signature's scope: Credential=KEY/20261121/eu-west-1/sagemaker/aws4_request."""
    scope = environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")[2].split("/")
    return scope[2] if len(scope) > 2 else REGION


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.timestamp()
    raise TypeError(f"{type(value).__name__} is not JSON")
