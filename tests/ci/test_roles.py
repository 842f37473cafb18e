"""Whether each role allows what its jobs really call, and nothing else: IAM's rules, simulated.

The calls are recorded from jobs that run in the local AWS, the roles are those that the stacks
have made there, and an existing evaluator decides.
"""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from local_test.aws.server import LocalAws
from tests.ci import policy
from tests.ci.asked_of_roles import (
    BY_PIPELINES,
    forbidden,
    forbidden_to_stacks,
    granted,
    handled,
    spare,
)
from tests.ci.pipeline_of_shop import GITLAB, MAIN, MERGE_REQUEST, RELEASE, STACK, Pipelines
from tests.ci.simulation import Role

pytestmark = pytest.mark.timeout(600)
PIPELINES = (MERGE_REQUEST, MAIN, RELEASE)
BRANCH = "project_path:team/shop:ref_type:branch:ref:main"


@pytest.fixture(scope="module")
def pipelines(local: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Pipelines:
    return Pipelines(local, tmp_path_factory.mktemp("shop"))


def role_of(pipelines: Pipelines, name: str) -> Role:
    return pipelines.role("foundation", name)


# What each role is for


@pytest.mark.parametrize("name", PIPELINES)
def test_a_role_allows_what_its_jobs_call(pipelines: Pipelines, name: str) -> None:
    assert role_of(pipelines, name).refused(pipelines.requests(name)) == []


@pytest.mark.parametrize("name", PIPELINES)
def test_a_role_names_no_action_that_its_jobs_do_not_need(pipelines: Pipelines, name: str) -> None:
    assert spare(role_of(pipelines, name), pipelines.requests(name)) == set()


def test_cloudformation_can_make_change_and_remove_the_stacks(pipelines: Pipelines) -> None:
    assert role_of(pipelines, STACK).refused(handled(pipelines)) == []


def test_cloudformations_role_names_no_action_that_it_does_not_need(pipelines: Pipelines) -> None:
    assert spare(role_of(pipelines, STACK), handled(pipelines)) == set()


@pytest.mark.parametrize("stack", BY_PIPELINES)
def test_the_boundary_cuts_no_role_of_the_stacks(pipelines: Pipelines, stack: str) -> None:
    for role in pipelines.roles(stack).values():
        assert ":role/shop/test/" in role.arn
        assert role.boundary
        assert role.refused(granted(role), checked=False) == []


# What no role may do


@pytest.mark.parametrize("name", PIPELINES)
def test_a_role_refuses_what_is_not_its_own(pipelines: Pipelines, name: str) -> None:
    assert role_of(pipelines, name).allowed(forbidden(pipelines)) == []


def test_cloudformations_role_makes_no_admin(pipelines: Pipelines) -> None:
    assert role_of(pipelines, STACK).allowed(forbidden_to_stacks(pipelines)) == []


def test_merge_requests_change_nothing(pipelines: Pipelines) -> None:
    everything = [one for name in PIPELINES for one in pipelines.requests(name)]
    changes = [one for one in everything if not policy.LOOKING.fullmatch(one.action)]
    assert len(changes) > 30
    assert role_of(pipelines, MERGE_REQUEST).allowed(changes) == []


def test_the_branch_that_publishes_neither_releases_nor_deploys(pipelines: Pipelines) -> None:
    kept = re.compile(
        r"sagemaker:(Create|Update|Invoke)\w+|cloudformation:\w+ChangeSet|dynamodb:PutItem"
        r"|iam:\w+|cloudwatch:\w+|application-autoscaling:\w+"
    )
    requests = [one for one in pipelines.requests(RELEASE) if kept.fullmatch(one.action)]
    assert {"sagemaker:UpdateEndpoint", "iam:PassRole"} <= {one.action for one in requests}
    assert role_of(pipelines, MAIN).allowed(requests) == []


# Who may take a role


def claims(sub: str = BRANCH, aud: str = GITLAB) -> dict[str, str]:
    return {"gitlab.com:sub": sub, "gitlab.com:aud": aud}


STRANGERS = {
    "another project": claims("project_path:team/shop-2:ref_type:branch:ref:main"),
    "another group": claims("project_path:crew/shop:ref_type:branch:ref:main"),
    "a project below": claims("project_path:x/team/shop:ref_type:branch:ref:main"),
    "a tag": claims("project_path:team/shop:ref_type:tag:ref:main"),
    "another audience": claims(aud="https://vault.example"),
    "no audience": {"gitlab.com:sub": BRANCH},
    "no subject": {"gitlab.com:aud": GITLAB},
}
OTHER_BRANCHES = {
    "a branch": claims("project_path:team/shop:ref_type:branch:ref:feature"),
    "a branch with that beginning": claims(f"{BRANCH}-2"),
    "a branch below": claims("project_path:team/shop:ref_type:branch:ref:x/main"),
}


def takes(role: Role, context: dict[str, str], host: str = "gitlab.com") -> bool:
    provider = f"arn:aws:iam::{role.arn.split(':')[4]}:oidc-provider/{host}"
    return role.trusts("sts:AssumeRoleWithWebIdentity", provider, context)


@pytest.mark.parametrize("name", PIPELINES)
def test_only_the_projects_own_pipelines_take_a_role(pipelines: Pipelines, name: str) -> None:
    role = role_of(pipelines, name)
    assert takes(role, claims())
    assert [who for who, token in STRANGERS.items() if takes(role, token)] == []
    assert not takes(role, claims(), "gitlab.example")
    for service in ("cloudformation", "lambda"):
        assert not role.trusts("sts:AssumeRole", f"{service}.amazonaws.com", {})
    branches = [who for who, token in OTHER_BRANCHES.items() if takes(role, token)]
    assert branches == ([*OTHER_BRANCHES] if name == MERGE_REQUEST else [])


def test_only_cloudformation_takes_its_role(pipelines: Pipelines) -> None:
    role = role_of(pipelines, STACK)
    assert role.trusts("sts:AssumeRole", "cloudformation.amazonaws.com", {})
    assert not role.trusts("sts:AssumeRole", "lambda.amazonaws.com", {})
    assert not role.trusts("sts:AssumeRole", role_of(pipelines, RELEASE).arn, {})
    assert not takes(role, claims())


# Planted faults

Edit = Callable[[Role], Role]


def without(action: str) -> Edit:
    return _changed(lambda one: {**one, "Action": [a for a in one["Action"] if a != action]})


def widened(sid: str) -> Edit:
    """On every resource."""
    return _changed(lambda one: {**one, "Resource": "*"} if one["Sid"] == sid else one)


def unconditioned(sid: str) -> Edit:
    return _changed(
        lambda one: {k: v for k, v in one.items() if k != "Condition"} if one["Sid"] == sid else one
    )


def granting(action: str) -> Edit:
    more = {"Sid": "Planted", "Effect": "Allow", "Action": [action], "Resource": "*"}
    return lambda role: replace(
        role, policies=(*role.policies, {"Version": "2012-10-17", "Statement": [more]})
    )


def _changed(change: Callable[[Any], Any]) -> Edit:
    def edit(role: Role) -> Role:
        changed = tuple(
            {**one, "Statement": [change(statement) for statement in one["Statement"]]}
            for one in role.policies
        )
        assert changed != role.policies
        return replace(
            role,
            policies=tuple(
                {**one, "Statement": [s for s in one["Statement"] if s["Action"]]}
                for one in changed
            ),
        )

    return edit


@pytest.mark.parametrize(
    ("name", "action"),
    [
        (MERGE_REQUEST, "ssm:GetParameter"),
        (MERGE_REQUEST, "s3:ListBucket"),
        (MERGE_REQUEST, "cloudformation:CreateChangeSet"),
        (MAIN, "ecr:PutImage"),
        (MAIN, "states:GetExecutionHistory"),
        (MAIN, "kms:GenerateDataKey"),
        (RELEASE, "iam:PassRole"),
        (RELEASE, "sagemaker:AddTags"),
        (RELEASE, "kms:CreateGrant"),
        (RELEASE, "cloudwatch:DeleteAlarms"),
        (RELEASE, "dynamodb:PutItem"),
        (STACK, "iam:PutRolePolicy"),
        (STACK, "lambda:UpdateFunctionCode"),
        (STACK, "sns:DeleteTopic"),
    ],
)
def test_a_missing_permission_is_found(pipelines: Pipelines, name: str, action: str) -> None:
    role = without(action)(role_of(pipelines, name))
    requests = handled(pipelines) if name == STACK else pipelines.requests(name)
    assert any(one.startswith(f"{action} on ") for one in role.refused(requests))


@pytest.mark.parametrize(
    ("name", "edit", "said"),
    [
        (MERGE_REQUEST, widened("SeeWhatIsLive"), "sagemaker:DescribeEndpoint on "),
        (MERGE_REQUEST, widened("WhatIsInImages"), "s3:GetObject on "),
        (MERGE_REQUEST, unconditioned("SeeWhatWasDecided"), "dynamodb:GetItem on "),
        (MAIN, widened("ChooseTheImage"), "ssm:PutParameter on "),
        (MAIN, widened("KeepWhatIsInImages"), "s3:PutObject on "),
        (MAIN, granting("secretsmanager:GetSecretValue"), "secretsmanager:GetSecretValue on "),
        (RELEASE, widened("Deploy"), "cloudformation:ExecuteChangeSet on "),
        (RELEASE, widened("HandOverTheStackRole"), "iam:PassRole on "),
        (RELEASE, unconditioned("HandOverTheStackRole"), "iam:PassRole on "),
        (RELEASE, unconditioned("LockPointerAndRejections"), "dynamodb:PutItem on "),
        (RELEASE, granting("sagemaker:DeleteEndpoint"), "sagemaker:DeleteEndpoint on "),
        (RELEASE, granting("sts:AssumeRole"), "sts:AssumeRole on "),
        (STACK, widened("BoundedRoles"), "iam:PutRolePolicy on "),
        (STACK, unconditioned("BoundedRoles"), "iam:CreateRole on "),
        (STACK, widened("HandOverBoundedRoles"), "iam:PassRole on "),
        (STACK, granting("kms:ScheduleKeyDeletion"), "kms:ScheduleKeyDeletion on "),
    ],
)
def test_a_permission_that_is_too_wide_is_found(
    pipelines: Pipelines, name: str, edit: Edit, said: str
) -> None:
    role = edit(role_of(pipelines, name))
    asked = forbidden_to_stacks(pipelines) if name == STACK else forbidden(pipelines)
    assert any(one.startswith(said) for one in role.allowed(asked))


@pytest.mark.parametrize("name", PIPELINES)
def test_a_permission_that_nobody_needs_is_found(pipelines: Pipelines, name: str) -> None:
    role = granting("sagemaker:StopTrainingJob")(role_of(pipelines, name))
    assert spare(role, pipelines.requests(name)) == {"sagemaker:StopTrainingJob"}


def test_a_boundary_that_cuts_a_role_is_found(pipelines: Pipelines) -> None:
    role = pipelines.role("retraining", "RunRole")
    jobless = [one for one in role.boundary["Statement"] if one["Sid"] != "Jobs"]
    cut = replace(role, boundary={**role.boundary, "Statement": jobless})
    refused = cut.refused(granted(cut), checked=False)
    assert any(one.startswith("sagemaker:CreateTrainingJob on ") for one in refused)


@pytest.mark.parametrize(
    ("name", "old", "new", "token"),
    [
        (MERGE_REQUEST, "team/shop:", "team/*:", STRANGERS["another project"]),
        (MERGE_REQUEST, ":ref_type:branch:ref:*", ":*", STRANGERS["a tag"]),
        (MAIN, ":ref:main", ":ref:*", OTHER_BRANCHES["a branch"]),
        (MAIN, '"gitlab.com:aud": "https://gitlab.com", ', "", STRANGERS["another audience"]),
        (RELEASE, ":ref:main", ":ref:main*", OTHER_BRANCHES["a branch with that beginning"]),
        (RELEASE, "team/shop:", "*/shop:", STRANGERS["another group"]),
    ],
)
def test_a_trust_that_is_too_wide_is_found(
    pipelines: Pipelines, name: str, old: str, new: str, token: dict[str, str]
) -> None:
    role = role_of(pipelines, name)
    text = json.dumps(role.trust)
    assert old in text
    liked = text.replace("StringEquals", "StringLike").replace(old, new)
    assert takes(replace(role, trust=json.loads(liked)), token)
