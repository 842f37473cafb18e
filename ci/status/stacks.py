"""The stacks, and the functions and state machines in them."""

import base64
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ci.client import ClientError, client, code_of
from ci.deployment import STACKS, Deployment
from ci.records import Record, Records
from ci.status.parts import NOT_THERE, UNKNOWN, Thing, last_changed
from ci.steps.setting import ABSENT

FUNCTION, MACHINE = "AWS::Lambda::Function", "AWS::StepFunctions::StateMachine"
MOVED_BY_US = {("AWS::SSM::Parameter", "/Value")}  # the pointer
DRIFTED = ["MODIFIED", "DELETED"]
POLL_SECONDS = 1
VARIABLE = re.compile(r"\\\$\\\{(\w+)\\\}")


def things(deployment: Deployment) -> list[Thing]:
    """Every stack, and what in it has code of ours."""
    found = [Deployed(deployment, stack) for stack in STACKS]
    detections = [Detection(deployment.region, one.name) for one in found if one.described]
    for one in detections:
        one.begin()
    by_name = {one.stack: one for one in detections}
    return [thing for one in found for thing in one.things(by_name.get(one.name))]


@dataclass
class Detection:
    """CloudFormation's own comparison of a stack with the account."""

    region: str
    stack: str
    identity: str = ""
    refused: str = ""

    def begin(self) -> None:
        """Start it; it takes a minute."""
        try:
            begun = client("cloudformation", self.region).detect_stack_drift(StackName=self.stack)
        except ClientError as error:
            self.refused = f"AWS said {code_of(error)} to DetectStackDrift."
        else:
            self.identity = begun["StackDriftDetectionId"]

    def found(self) -> Iterator[str]:
        """What differs, when it has ended; ``refused`` says so when it failed."""
        cloudformation = client("cloudformation", self.region)
        if not self.identity:
            return
        while True:
            status = cloudformation.describe_stack_drift_detection_status(
                StackDriftDetectionId=self.identity
            )
            if status["DetectionStatus"] != "DETECTION_IN_PROGRESS":
                break
            time.sleep(POLL_SECONDS)
        if status["DetectionStatus"] == "DETECTION_FAILED":
            self.refused = status.get("DetectionStatusReason", "The detection of drift failed.")
        for one in cloudformation.describe_stack_resource_drifts(
            StackName=self.stack, StackResourceDriftStatusFilters=DRIFTED, MaxResults=100
        )["StackResourceDrifts"]:
            yield from _drift(one)


def _drift(one: dict[str, Any]) -> Iterator[str]:
    what = f"{one['LogicalResourceId']} ({one['ResourceType'].removeprefix('AWS::')})"
    if one["StackResourceDriftStatus"] == "DELETED":
        yield f"{what} was deleted."
    for difference in one.get("PropertyDifferences", []):
        path = difference["PropertyPath"]
        if (one["ResourceType"], path) not in MOVED_BY_US:
            now, wanted = difference["ActualValue"], difference["ExpectedValue"]
            yield f"{what}: {path[1:]} is {now} and not {wanted}."


@dataclass(frozen=True)
class Deployed:
    """One stack as it is."""

    deployment: Deployment
    stack: str

    @property
    def name(self) -> str:
        return self.deployment.stack_name(self.stack)

    @cached_property
    def described(self) -> dict[str, Any]:
        """As CloudFormation says it; empty when there is none."""
        try:
            return self._client("cloudformation").describe_stacks(StackName=self.name)["Stacks"][0]
        except ClientError as error:
            if "does not exist" in str(error):
                return {}
            raise

    @cached_property
    def bucket(self) -> str:
        """The artifact bucket; empty when there is none."""
        outputs = Deployed(self.deployment, "foundation").described.get("Outputs", [])
        found = {one["OutputKey"]: one["OutputValue"] for one in outputs}
        return found.get("ArtifactBucket", "")

    @cached_property
    def records(self) -> list[Record]:
        """What was deployed, the newest first."""
        return Records(self.deployment.region, self.bucket).of(self.stack) if self.bucket else []

    def things(self, detection: Detection | None) -> Iterator[Thing]:
        """The stack, and what in it has code of ours."""
        if detection is None:
            yield Thing("stack", self.name, NOT_THERE)
            return
        drift = (*self._beside_us(), *detection.found())
        status, record = self.described["StackStatus"], next(iter(self.records), {})
        yield self._made("stack", self.name, status, record, drift, detection.refused)
        cloudformation = self._client("cloudformation")
        for one in cloudformation.describe_stack_resources(StackName=self.name)["StackResources"]:
            if one["ResourceType"] == FUNCTION:
                yield self._function(one["PhysicalResourceId"])
            if one["ResourceType"] == MACHINE:
                yield self._machine(one["PhysicalResourceId"])

    def _beside_us(self) -> Iterator[str]:
        """What CloudFormation has otherwise than our newest record."""
        if not self.records:
            yield "There is no record: `python -m ci deploy` did not make it what it is."
            return
        template = self._client("cloudformation").get_template(StackName=self.name)["TemplateBody"]
        known = self.records[0]
        if isinstance(template, str) and template.strip() != known["template"].strip():
            yield "Its template is another than the one that was deployed."
        for name, value in self._parameters.items():
            if known["parameters"].get(name, value) != value:
                yield f"Its parameter {name} is {value!r}, not {known['parameters'][name]!r}."

    def _function(self, name: str) -> Thing:
        record = self._maker("CodeKey")
        try:
            found = self._client("lambda").get_function(FunctionName=name)["Configuration"]
        except ClientError as error:
            return self._gone("function", name, error)
        code = base64.b64decode(found["CodeSha256"]).hex()
        wanted = self._parameters["CodeKey"].removeprefix("code/").removesuffix(".zip")
        drift = () if code.startswith(wanted) else ("Its code is not the deployed package.",)
        return self._made("function", name, found.get("State", "?"), record, drift)

    def _machine(self, arn: str) -> Thing:
        record, name = self._maker("DefinitionKey"), arn.rpartition(":")[2]
        try:
            found = self._client("stepfunctions").describe_state_machine(stateMachineArn=arn)
        except ClientError as error:
            return self._gone("state machine", name, error)
        drift, unchecked = (), ""
        deployed = self._read(self._parameters["DefinitionKey"])
        if not deployed:
            unchecked = f"{self._parameters['DefinitionKey']} is not in the bucket any more."
        elif not _is_made_of(found["definition"], deployed):
            drift = ("Its definition is not the deployed one.",)
        return self._made("state machine", name, found["status"], record, drift, unchecked)

    def _made(  # noqa: PLR0913, PLR0917
        self,
        kind: str,
        name: str,
        state: str,
        record: Record,
        drift: tuple[str, ...],
        unchecked: str = "",
    ) -> Thing:
        ours = UNKNOWN if drift else record.get("by", UNKNOWN)  # whoever drifted it, was not us
        by = last_changed(self.deployment.region, name) or ours
        commit, since = record.get("commit", ""), record.get("time", "")
        return Thing(kind, name, state, commit, since, drift, unchecked, by)

    def _gone(self, kind: str, name: str, error: ClientError) -> Thing:
        """What the stack should have and nobody finds."""
        return Thing(kind, name, NOT_THERE, drift=(f"AWS said {code_of(error)} of it.",))

    def _maker(self, parameter: str) -> Record:
        """The oldest of the newest records that have what is deployed."""
        made: Record = {}
        for one in self.records:
            if one["parameters"].get(parameter) != self._parameters[parameter]:
                break
            made = one
        return made

    def _read(self, key: str) -> str:
        try:
            found = self._client("s3").get_object(Bucket=self.bucket, Key=key)
        except ClientError as error:
            if code_of(error) in ABSENT:
                return ""
            raise
        return found["Body"].read().decode()

    @cached_property
    def _parameters(self) -> dict[str, str]:
        given = self.described.get("Parameters", [])
        return {one["ParameterKey"]: one["ParameterValue"] for one in given}

    def _client(self, service: str) -> Any:
        return client(service, self.deployment.region)


def _is_made_of(definition: str, deployed: str) -> bool:
    """Whether it is what was deployed, whatever CloudFormation has put in for its ${Variables}."""
    seen: set[str] = set()

    def pattern(match: re.Match[str]) -> str:
        name = match[1]
        if name in seen:
            return f"(?P={name})"
        seen.add(name)
        return f"(?P<{name}>.*?)"

    there, wanted = (
        json.dumps(json.loads(text), sort_keys=True) for text in (definition, deployed)
    )
    return re.fullmatch(VARIABLE.sub(pattern, re.escape(wanted)), there, re.DOTALL) is not None
