"""An existing evaluator of IAM policies (iam_simulate/), asked with the roles that a stack made."""

import ast
import json
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pytest
from moto.iam.models import iam_backends

PROJECT = Path(__file__).parents[2]
EVALUATOR = PROJECT / ".venv/iam-simulate"
NODE = PROJECT / ".venv/gitlab-ci-local/bin/node"
PROGRAM = Path(__file__).parent / "iam_simulate/evaluate.mjs"
ALLOWED, DENIED = "Allowed", ("ImplicitlyDenied", "ExplicitlyDenied")

Document = dict[str, Any]
Context = Mapping[str, str | Sequence[str]]


@dataclass(frozen=True)
class Request:
    """What IAM is asked for one call of AWS; some calls ask for several."""

    action: str
    resource: str
    context: Context = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.action} on {self.resource} {dict(self.context) or ''}".rstrip()


@dataclass(frozen=True)
class Role:
    """A role with everything that decides: who may take it, what it may do, and at most."""

    arn: str
    trust: Document
    policies: tuple[Document, ...]
    boundary: Document | None = None

    @classmethod
    def of_stack(cls, iam: Any, name: str, shared: Sequence[str]) -> "Role":
        """As IAM has it.

        Args:
            shared: ARNs of its managed policies, which moto does not attach.
        """
        found = iam.get_role(RoleName=name)["Role"]
        own = iam.list_role_policies(RoleName=name)["PolicyNames"]
        bounded = found.get("PermissionsBoundary")
        return cls(
            arn=found["Arn"],
            trust=_document(found["AssumeRolePolicyDocument"]),
            policies=(
                *(
                    _document(iam.get_role_policy(RoleName=name, PolicyName=one)["PolicyDocument"])
                    for one in own
                ),
                *map(_managed, shared),
            ),
            boundary=_managed(bounded["PermissionsBoundaryArn"]) if bounded else None,
        )

    def actions(self) -> set[str]:
        """Everything that it names."""
        return {
            action
            for policy in self.policies
            for statement in policy["Statement"]
            for action in statement["Action"]
        }

    def refused(self, requests: Iterable[Request], checked: bool = True) -> list[str]:
        """What it may not do of that.

        Args:
            checked: whether an action or resource that AWS does not know is an error.
        """
        return [str(one) for one, said in self._decided(requests, checked) if said != ALLOWED]

    def allowed(self, requests: Iterable[Request]) -> list[str]:
        """What it may do of that."""
        return [str(one) for one, said in self._decided(requests) if said == ALLOWED]

    def trusts(self, action: str, principal: str, context: Context) -> bool:
        """Whether a principal may take it."""
        question = {
            "principal": principal,
            "role": self.arn,
            "action": action,
            "context": context,
            "trust": self.trust,
        }
        return _asked([question]) == [ALLOWED]

    def _decided(
        self, requests: Iterable[Request], checked: bool = True
    ) -> list[tuple[Request, str]]:
        asked = list(dict.fromkeys(map(_frozen, requests)))
        known: dict[str, Any] = {"policies": self.policies, "checked": checked}
        if self.boundary:
            known["boundary"] = self.boundary
        questions = [{**asdict(one), **known} for one in map(_thawed, asked)]
        return list(zip(map(_thawed, asked), _asked(questions), strict=True))


def _frozen(request: Request) -> str:
    return json.dumps(asdict(request), sort_keys=True)


def _thawed(text: str) -> Request:
    return Request(**json.loads(text))


def _managed(arn: str) -> Document:
    """The local AWS answers no GetPolicyVersion."""
    versions = iam_backends[arn.split(":")[4]]["aws"].managed_policies[arn].versions
    return _document(next(one.document for one in versions if one.is_default))


def _document(given: Document | str) -> Document:
    """moto gives some as the text of a Python dictionary."""
    return ast.literal_eval(given) if isinstance(given, str) else given


def _asked(questions: list[dict[str, Any]]) -> list[str]:
    """The evaluator's decisions.

    A question that it refuses (an action or a resource that AWS does not know) fails the test.
    """
    if not (EVALUATOR / "ready").exists():
        pytest.skip("no evaluator here: `make iam-simulate` installs it")
    done = subprocess.run(
        [NODE, PROGRAM, EVALUATOR],
        input=json.dumps(questions),
        capture_output=True,
        check=True,
        text=True,
    )
    decisions = json.loads(done.stdout)
    wrong = [one for one in decisions if one not in (ALLOWED, *DENIED)]
    assert not wrong, wrong
    return decisions
