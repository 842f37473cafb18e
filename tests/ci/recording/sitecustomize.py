"""Python imports this from PYTHONPATH by itself: every call of AWS becomes a line of a file."""

import json
import os

from botocore.client import BaseClient
from botocore.exceptions import ClientError

CALL = BaseClient._make_api_call


def _recorded(self, operation, parameters):
    status = 200
    try:
        return CALL(self, operation, parameters)
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        raise
    finally:
        line = [self.meta.service_model.service_name, operation, parameters, status]
        with open(os.environ["RECORDED_CALLS"], "a") as file:
            print(json.dumps(line, default=str), file=file)


if "RECORDED_CALLS" in os.environ:
    BaseClient._make_api_call = _recorded
