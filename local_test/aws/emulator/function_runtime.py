"""Runs a function's handler: one event a line on stdin, one answer a line on a pipe.

A program of its own in the function's process, so it imports nothing of this project.
"""

import importlib
import json
import os
import sys
import traceback
from typing import Any


class Context:
    """What a handler gets as its second argument, as far as Python code uses it."""

    def __init__(self, request: dict[str, Any]):
        self.aws_request_id = request["id"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.invoked_function_arn = request["arn"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = f"/aws/lambda/{self.function_name}"


def answer(handler: str, request: dict[str, Any]) -> dict[str, Any]:
    """``{"result": …}``, or ``{"error": …}`` as Lambda words an exception."""
    try:
        module, _, name = handler.rpartition(".")
        function = getattr(importlib.import_module(module.replace("/", ".")), name)
        result = function(request["event"], Context(request))
        return {"result": json.loads(json.dumps(result))}
    except BaseException as error:
        traceback.print_exc()
        return {
            "error": {
                "errorMessage": str(error),
                "errorType": type(error).__name__,
                "requestId": request["id"],
                "stackTrace": traceback.format_tb(error.__traceback__),
            }
        }


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
