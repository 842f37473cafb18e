"""The three stacks of an environment: what they are made of, deployed in order, kept on record."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ci.client import ClientError, client, code_of, saying
from ci.environment import Environment, file_of, read_environment, stack_parameters
from ci.errors import CiError
from ci.packaging import content_key, package
from ci.records import Records
from ci.requests import Place
from ci.stacks import TEMPLATES, Say, Stack, outputs_of, parameters_of
from ci.steps.setting import Setting

STACKS = ("foundation", "retraining", "monitoring")
DEFINITIONS = {"retraining": "retraining.asl.json", "monitoring": "monitoring.asl.json"}


@dataclass(frozen=True)
class Deployment:
    """An environment file and where it leads."""

    environment: Environment
    file: Path
    _outputs: dict[str, dict[str, str]] = field(default_factory=dict, compare=False, repr=False)

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
        if found := self._outputs_of(stack):
            return found
        raise CiError(
            f"The stack {self.stack_name(stack)} is not deployed. Deploy it with "
            f"`python -m ci deploy {self.environment.name}`."
        )

    def is_deployed(self) -> bool:
        """Whether all that a release needs is there."""
        return all(self._outputs_of(stack) for stack in ("foundation", "retraining"))

    def _outputs_of(self, stack: str) -> dict[str, str]:
        """Asked until the stack is there, and then no more."""
        if not self._outputs.get(stack):
            name = self.stack_name(stack)
            with saying(f"looking at {name}"):
                self._outputs[stack] = outputs_of(client("cloudformation", self.region), name)
        return self._outputs[stack]

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

        The foundation is changed by whoever runs this, the others by its StackRole.

        Raises:
            StackFailed: one could not be changed; the ones before it are, it is as it was.
        """
        self.check_account()
        foundation = self.stack("foundation", stack_parameters(self.environment))
        known = {**stack_parameters(self.environment), **foundation.deploy(say)}
        bucket = known["ArtifactBucket"]
        self._record(foundation, bucket)
        for name in DEFINITIONS:
            known |= self._put(bucket, self.contents(name))
            stack = self.stack(name, known)
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
        self._record(earlier, bucket, record)
        return record["hash"]

    def records(self, stack: str, bucket: str) -> list[dict[str, Any]]:
        """Every deployment of a stack, the newest first."""
        return Records(self.region, bucket).of(stack)

    def contents(self, stack: str) -> dict[str, tuple[str, bytes]]:
        """What a stack finds in the artifact bucket: parameter → key and content."""
        if stack not in DEFINITIONS:
            return {}
        code, definition = package(self.file), (TEMPLATES / DEFINITIONS[stack]).read_bytes()
        identity = hashlib.sha256(definition).hexdigest()[:32]
        return {
            "CodeKey": (content_key(code), code),
            "DefinitionKey": (f"definitions/{stack}/{identity}.json", definition),
        }

    def stack(self, stack: str, parameters: dict[str, str]) -> Stack:
        """A stack as this commit says, with these values for its parameters."""
        return Stack(
            name=self.stack_name(stack),
            template=(TEMPLATES / f"{stack}.yaml").read_text(encoding="utf-8"),
            parameters=dict(parameters),
            tags=self._tags(),
            region=self.region,
            role=parameters.get("StackRoleArn", ""),
        )

    def _tags(self) -> dict[str, str]:
        return {"project": self.environment.project, "environment": self.environment.name}

    def _put(self, bucket: str, contents: dict[str, tuple[str, bytes]]) -> dict[str, str]:
        """Upload what is named by its content, once; parameter → key."""
        s3 = client("s3", self.region)
        for key, content in contents.values():
            with saying(f"uploading {key}"):
                try:
                    s3.head_object(Bucket=bucket, Key=key)
                except ClientError as error:
                    if code_of(error) not in ("404", "NoSuchKey"):
                        raise
                    s3.put_object(Bucket=bucket, Key=key, Body=content)
        return {parameter: key for parameter, (key, _) in contents.items()}

    def _record(self, stack: Stack, bucket: str, known: dict[str, Any] | None = None) -> None:
        known_to_it = parameters_of(stack.template)
        given = {name: v for name, v in stack.parameters.items() if name in known_to_it}
        made_of = {"template": stack.template, "parameters": given}
        short = stack.name.rpartition("-")[2]
        Records(self.region, bucket).keep(short, made_of, known)
