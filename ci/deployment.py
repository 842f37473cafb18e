"""The three stacks of an environment: what they are made of, deployed in order, kept on record."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ci.client import ClientError, client, code_of, saying
from ci.environment import Environment, file_of, read_environment, stack_parameters
from ci.errors import CiError
from ci.packaging import content_key, package
from ci.requests import Place
from ci.stacks import TEMPLATES, Say, Stack, outputs_of
from ci.steps.setting import Setting

STACKS = ("foundation", "retraining", "monitoring")
DEFINITIONS = {"retraining": "retraining.asl.json", "monitoring": "monitoring.asl.json"}


@dataclass(frozen=True)
class Deployment:
    """An environment file and where it leads."""

    environment: Environment
    file: Path

    @classmethod
    def of(cls, name_or_path: str) -> "Deployment":
        """Raises EnvironmentFault as ``read_environment`` does."""
        return cls(read_environment(name_or_path), file_of(name_or_path))

    @property
    def region(self) -> str:
        return self.environment.region

    def stack_name(self, stack: str) -> str:
        return f"{self.environment.project}-{self.environment.name}-{stack}"

    def outputs(self, stack: str) -> dict[str, str]:
        """What a deployed stack says of itself.

        Raises:
            CiError: it is not deployed.
        """
        name = self.stack_name(stack)
        with saying(f"looking at {name}"):
            found = outputs_of(client("cloudformation", self.region), name)
        if not found:
            raise CiError(
                f"The stack {name} is not deployed. Deploy it with "
                f"`python -m ci deploy {self.environment.name}`."
            )
        return found

    def is_deployed(self) -> bool:
        """Whether all that a release needs is there."""
        cloudformation = client("cloudformation", self.region)
        with saying("looking at the stacks"):
            return all(
                outputs_of(cloudformation, self.stack_name(stack))
                for stack in ("foundation", "retraining")
            )

    def setting(self) -> Setting:
        """What the state machine's function knows, for commands of people and pipelines.

        Raises:
            CiError: a stack is not deployed.
        """
        foundation, retraining = self.outputs("foundation"), self.outputs("retraining")
        return Setting(
            environment=self.environment,
            place=Place(
                bucket=foundation["ArtifactBucket"],
                role=foundation["ExecutionRoleArn"],
                key=foundation["KeyArn"],
            ),
            pointer=retraining["PointerParameter"],
            table=retraining["LockTable"],
        )

    def check_account(self) -> None:
        """Refuse credentials of another account than the file names.

        Raises:
            CiError: they are.
        """
        wanted = self.environment.account
        with saying("asking who this is"):
            account = client("sts", self.region).get_caller_identity()["Account"]
        if wanted and wanted != account:
            raise CiError(
                f"{self.file} names account {wanted}, but the credentials here are of {account}. "
                "Use those of the other account, or mend the file."
            )

    def deploy(self, say: Say) -> None:
        """Bring all stacks to what this commit says.

        Raises:
            StackFailed: one could not be changed; the ones before it are, it is as it was.
        """
        self.check_account()
        foundation = self._stack("foundation", stack_parameters(self.environment))
        known = {**stack_parameters(self.environment), **foundation.deploy(say)}
        bucket = known["ArtifactBucket"]
        self._record(foundation, bucket)
        known["CodeKey"] = self._put(bucket, package(self.file), "code")
        for name in ("retraining", "monitoring"):
            definition = (TEMPLATES / DEFINITIONS[name]).read_bytes()
            known["DefinitionKey"] = self._put(bucket, definition, f"definitions/{name}")
            stack = self._stack(name, known)
            known |= stack.deploy(say)
            self._record(stack, bucket)

    def back(self, stack: str, to: str | None, say: Say) -> str:
        """Return one stack to an earlier deployment of it, and return that one's hash.

        Raises:
            CiError: there is no earlier one, or none that begins with ``to``.
        """
        bucket = self.outputs("foundation")["ArtifactBucket"]
        records = self.records(stack, bucket)
        chosen = [one for one in records[1:] if to is None or one["hash"].startswith(to)]
        if not chosen:
            known = ", ".join(one["hash"] for one in records[1:]) or "none"
            raise CiError(f"There is no such earlier deployment of {stack}. There are: {known}.")
        record = chosen[0]
        earlier = Stack(
            name=self.stack_name(stack),
            template=record["template"],
            parameters=record["parameters"],
            tags=self._tags(),
            region=self.region,
        )
        earlier.deploy(say)
        self._record(earlier, bucket)
        return record["hash"]

    def records(self, stack: str, bucket: str) -> list[dict[str, Any]]:
        """Every deployment of a stack, the newest first."""
        s3 = client("s3", self.region)
        with saying(f"reading the record of {stack}"):
            found = s3.list_objects_v2(Bucket=bucket, Prefix=f"stacks/{stack}/")
            keys = sorted(
                found.get("Contents", []), key=lambda one: one["LastModified"], reverse=True
            )
            return [
                json.loads(s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read())
                for one in keys
            ]

    def _stack(self, stack: str, parameters: dict[str, str]) -> Stack:
        return Stack(
            name=self.stack_name(stack),
            template=(TEMPLATES / f"{stack}.yaml").read_text(encoding="utf-8"),
            parameters=dict(parameters),
            tags=self._tags(),
            region=self.region,
        )

    def _tags(self) -> dict[str, str]:
        return {"project": self.environment.project, "environment": self.environment.name}

    def _put(self, bucket: str, content: bytes, prefix: str) -> str:
        """Upload what is named by its content; once is enough."""
        key = content_key(content)
        if prefix != "code":
            key = f"{prefix}/{hashlib.sha256(content).hexdigest()[:32]}.json"
        s3 = client("s3", self.region)
        try:
            s3.head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if code_of(error) not in ("404", "NoSuchKey"):
                raise
            with saying(f"uploading {key}"):
                s3.put_object(Bucket=bucket, Key=key, Body=content)
        return key

    def _record(self, stack: Stack, bucket: str) -> None:
        short = stack.name.rpartition("-")[2]
        record = {"template": stack.template, "parameters": dict(stack.parameters)}
        content = json.dumps(record, sort_keys=True)
        identity = hashlib.sha256(content.encode()).hexdigest()[:12]
        body = json.dumps({**record, "hash": identity}, indent=1).encode()
        with saying(f"keeping the record of {stack.name}"):
            client("s3", self.region).put_object(
                Bucket=bucket, Key=f"stacks/{short}/{identity}.json", Body=body
            )
