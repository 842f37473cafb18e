"""Runs a function's handler: one event a line on stdin, one answer a line on a pipe.

A program of its own in the function's process, so it imports nothing of this project.
"""

import importlib
import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any


class Context:
    """What a handler gets as its second argument, as far as Python code uses it."""

    def __init__(self, request: dict[str, Any]):
        self.aws_request_id = request["id"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.invoked_function_arn = request["arn"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = None
        self.client_context = None
        self._until = request["until"]

    def get_remaining_time_in_millis(self) -> int:
        """Until the function is ended, in real time."""
        return max(0, int((self._until - time.time()) * 1000))


class Unusable(Exception):
    """A function that Lambda cannot run, or an answer that it cannot send."""

    def __init__(self, kind: str, message: str):
        super().__init__(message)
        self.kind = kind


def answer(handler: str, request: dict[str, Any]) -> dict[str, Any]:
    """``{"result": …}``, or ``{"error": …}`` as Lambda words an exception."""
    try:
        return {"result": marshalled(found(handler)(request["event"], Context(request)))}
    except BaseException as error:
        traceback.print_exc()
        return {
            "error": {
                "errorMessage": str(error),
                "errorType": error.kind if isinstance(error, Unusable) else type(error).__name__,
                "requestId": request["id"],
                "stackTrace": traceback.format_tb(error.__traceback__)[1:],
            }
        }


def found(handler: str) -> Callable[[Any, Context], Any]:
    """The function that "module.name" stands for.

    Raises:
        Unusable: there is none.
    """
    module, _, name = handler.rpartition(".")
    try:
        imported = importlib.import_module(module.replace("/", "."))
    except ImportError as error:
        why = f"Unable to import module '{module}': {error}"
        raise Unusable("Runtime.ImportModuleError", why) from error
    if not hasattr(imported, name):
        why = f"Handler '{name}' missing on module '{module}'"
        raise Unusable("Runtime.HandlerNotFound", why)
    return getattr(imported, name)


def marshalled(result: Any) -> Any:
    """The result as JSON has it.

    Raises:
        Unusable: it is no JSON.
    """
    try:
        return json.loads(json.dumps(result))
    except (TypeError, ValueError) as error:
        why = f"Unable to marshal response: {error}"
        raise Unusable("Runtime.MarshalError", why) from error


def main() -> None:
    """Answer until stdin ends."""
    handler, pipe = sys.argv[1], int(sys.argv[2])
    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
    with os.fdopen(pipe, "w", encoding="utf-8") as answers:
        for line in sys.stdin:
            told = answer(handler, json.loads(line))
            sys.stdout.flush()
            answers.write(json.dumps(told) + "\n")
            answers.flush()


if __name__ == "__main__":
    main()
