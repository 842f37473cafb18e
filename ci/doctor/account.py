"""What a check sees of an account, and how it says what it has found."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ci.client import ClientError, client
from ci.deployment import STACKS, Deployment
from ci.environment import Environment

Words = dict[str, str]


class Problem(Exception):
    """Something must be mended: what is wrong, and how."""

    def __init__(self, sentence: str, mend: str):
        super().__init__(sentence)
        self.mend = mend


class NotChecked(Exception):
    """It cannot be said: why, and what a person can do instead."""

    def __init__(self, sentence: str, mend: str = ""):
        super().__init__(sentence)
        self.mend = mend


@dataclass(frozen=True)
class Account:
    """One account with one environment; everything is asked once."""

    deployment: Deployment

    @property
    def environment(self) -> Environment:
        return self.deployment.environment

    def client(self, service: str) -> Any:
        """A client in the environment's region."""
        return client(service, self.environment.region)

    @cached_property
    def stacks(self) -> dict[str, dict[str, Any]]:
        """Those that are there, as CloudFormation says them, by their short name."""
        found = {stack: self._stack(self.deployment.stack_name(stack)) for stack in STACKS}
        return {stack: one for stack, one in found.items() if one}

    def output(self, stack: str, name: str) -> str:
        """What a stack says of itself.

        Raises:
            NotChecked: it does not.
        """
        outputs = self.stacks.get(stack, {}).get("Outputs", [])
        for one in outputs:
            if one["OutputKey"] == name:
                return one["OutputValue"]
        raise NotChecked(f"The stack {self.deployment.stack_name(stack)} says no {name}.")

    def resources(self, kind: str) -> list[str]:
        """The physical names of all resources of a type.

        Raises:
            NotChecked: a stack is missing.
        """
        if missing := [stack for stack in STACKS if stack not in self.stacks]:
            raise NotChecked(f"There is no stack {self.deployment.stack_name(missing[0])}.")
        return [
            one["PhysicalResourceId"]
            for resources in self._resources.values()
            for one in resources
            if one["ResourceType"] == kind and one.get("PhysicalResourceId")
        ]

    @cached_property
    def _resources(self) -> dict[str, list[dict[str, Any]]]:
        cloudformation = self.client("cloudformation")
        return {
            stack: cloudformation.describe_stack_resources(
                StackName=self.deployment.stack_name(stack)
            )["StackResources"]
            for stack in self.stacks
        }

    @cached_property
    def images(self) -> Words:
        """URI → what it is to the environment; those that there are, pointed at or live."""
        found: Words = {}
        if pointed := self.pointed():
            found[pointed] = "the image at the pointer"
        if live := self.live():
            known = found.get(live)
            found[live] = "the image at the pointer, and live," if known else "the live image"
        return found

    def pointed(self) -> str:
        """The image at the pointer; empty when there is none yet.

        Raises:
            NotChecked: there is no pointer.
        """
        name = self.output("retraining", "PointerParameter")
        value = self.client("ssm").get_parameter(Name=name)["Parameter"]["Value"]
        return value if "@" in value else ""

    def live(self) -> str:
        """The live image; empty when there is no endpoint."""
        sagemaker, name = self.client("sagemaker"), self.environment.endpoint_name
        try:
            config = sagemaker.describe_endpoint(EndpointName=name)["EndpointConfigName"]
        except ClientError as error:
            if "Could not find" in str(error):
                return ""
            raise
        variants = sagemaker.describe_endpoint_config(EndpointConfigName=config)
        model = sagemaker.describe_model(ModelName=variants["ProductionVariants"][0]["ModelName"])
        return model["PrimaryContainer"]["Image"]

    def _stack(self, name: str) -> dict[str, Any]:
        try:
            return self.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
        except ClientError as error:
            if "does not exist" in str(error):
                return {}
            raise
