"""What every step knows: the environment file, the stack's names, and clients of AWS."""

import json
import os
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ci.client import ClientError, client, code_of, saying
from ci.environment import Environment, read_environment
from ci.errors import CiError
from ci.lock import Lock
from ci.requests import Place

ENVIRONMENT_FILE = "environment.toml"
ABSENT = ("NoSuchKey", "404", "ParameterNotFound")


class StepFault(CiError):
    """The run cannot go on; the message says why and what to do."""


@dataclass(frozen=True)
class Setting:
    """One deployment of the stacks, as its function sees it."""

    environment: Environment
    place: Place
    pointer: str
    table: str

    @classmethod
    def of_function(cls) -> "Setting":
        """From the package's environment file and the function's variables."""
        root = os.environ.get("LAMBDA_TASK_ROOT", ".")
        return cls(
            environment=read_environment(os.path.join(root, ENVIRONMENT_FILE)),
            place=Place(
                bucket=os.environ["ARTIFACT_BUCKET"],
                role=os.environ["EXECUTION_ROLE_ARN"],
                key=os.environ.get("KMS_KEY_ARN", ""),
            ),
            pointer=os.environ["POINTER_PARAMETER"],
            table=os.environ["LOCK_TABLE"],
        )

    @cached_property
    def lock(self) -> Lock:
        name = self.environment.endpoint_name
        return Lock(self.client("dynamodb"), self.table, name, self._is_there)

    def client(self, service: str) -> Any:
        """A client in the environment's region."""
        return client(service, self.environment.region)

    def read(self, key: str) -> bytes | None:
        """An object of the artifact bucket; None when there is none."""
        s3 = self.client("s3")
        with saying(f"reading {self.place.uri(key)}"):
            try:
                return s3.get_object(Bucket=self.place.bucket, Key=key)["Body"].read()
            except ClientError as error:
                if code_of(error) in ABSENT:
                    return None
                raise

    def read_json(self, key: str) -> Any:
        """The same, parsed."""
        content = self.read(key)
        return None if content is None else json.loads(content)

    def rejected(self, uri: str) -> bool:
        """Whether a release of this image failed or was rolled back."""
        key = {"name": {"S": f"rejected/{uri.rpartition('@')[2]}"}}
        dynamodb = self.client("dynamodb")
        with saying("looking at what was rejected"):
            return "Item" in dynamodb.get_item(TableName=self.table, Key=key, ConsistentRead=True)

    def reject(self, uri: str, why: str) -> None:
        """Let no run and no release use this image again."""
        item = {"name": {"S": f"rejected/{uri.rpartition('@')[2]}"}, "why": {"S": why}}
        with saying(f"rejecting {uri}"):
            self.client("dynamodb").put_item(TableName=self.table, Item=item)

    def write_json(self, key: str, content: Any) -> None:
        """Put an object into the artifact bucket."""
        body = json.dumps(content, indent=2, sort_keys=True).encode()
        with saying(f"writing {self.place.uri(key)}"):
            self.client("s3").put_object(
                Bucket=self.place.bucket, Key=key, Body=body, ContentType="application/json"
            )

    def _is_there(self, holder: str) -> bool:
        """Whether an execution still runs; other holders are judged by their lease."""
        if ":execution:" not in holder:
            return True
        try:
            found = self.client("stepfunctions").describe_execution(executionArn=holder)
        except ClientError:
            return True
        return found["status"] == "RUNNING"
