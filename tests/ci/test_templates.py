"""The stacks and state machines as they are shipped, and for each rule a fault that it catches."""

import io
import json
import subprocess
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cfnlint.api import lint

from ci.environment import Deployment, Endpoint, Environment, Scaling, Serverless, Training
from ci.handler import STEPS
from ci.requests import Model, Place
from ci.steps import begin, monitoring, release, setting
from ci.steps.live import Live
from ci.steps.setting import Setting
from tests.ci import asl, faults, permissions, policy

PROJECT = Path(__file__).parents[2]
CHECKOV = PROJECT / ".venv/checkov"
CI = PROJECT / "ci"
STACKS = {name: CI / f"infra/{name}.yaml" for name in ("foundation", "monitoring", "retraining")}
MACHINES = {name: CI / f"infra/{name}.asl.json" for name in ("monitoring", "retraining")}
FUNCTIONS = {
    "StepRole": [*{*CI.glob("steps/*.py")} - {CI / "steps/triggers.py"}, CI / "lock.py"],
    "TriggerRole": [CI / "steps/triggers.py"],
}

ROLE = "arn:aws:iam::123456789012:role/execution"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/1234"
IMAGE = f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop@sha256:{'a' * 64}"
MODEL = Model("shop-test-first", IMAGE, "s3://artifacts/m/model.tar.gz", {"run": "first"})
DESCRIPTION = {
    "objectives": [{"MetricName": "validation:loss", "Type": "Minimize"}],
    "parameter_ranges": {
        "IntegerParameterRanges": [{"Name": "n", "MinValue": "1", "MaxValue": "9"}]
    },
}
NETWORK = {"subnets": ("subnet-1", "subnet-2"), "security_groups": ("sg-1",), "isolation": True}
SHOP = Environment(
    project="shop",
    name="test",
    region="eu-west-1",
    endpoint=Endpoint(instance_count=2),
    deployment=Deployment(policy="canary", step_percent=50, latency_ms=250.0),
    scaling=Scaling(2, 6),
)
ENVIRONMENTS = {
    "instances": SHOP,
    "network": replace(
        SHOP, training=Training(**NETWORK), endpoint=Endpoint(instance_count=2, **NETWORK)
    ),
    "serverless": replace(SHOP, endpoint=Endpoint(serverless=Serverless()), scaling=Scaling()),
}
NOT_SENT = {
    "serverless": [
        "Register for scaling: RegisterScalableTarget: its arguments are nothing",
        "Set the scaling policy: PutScalingPolicy: its arguments are nothing",
    ]
}
ASKED = ("resolve", "challenger", "release", "scale", "monitor")
BEFORE = {
    "given": {"tune": True},
    "me": "arn:aws:states:eu-west-1:123456789012:execution:shop-test-retraining:second",
    "run": "second",
    "attempt": 0,
    "released": True,
    "outcome": {"kind": "released", "message": "It runs."},
    "drift": None,
    "before": "shop-test-first",
    "error": {"Error": "SageMaker.Failed", "Cause": "{}"},
    "job": "second",
    "artifact": MODEL.artifact,
    "verdict": {"model": asdict(MODEL), "package": "", "concept_drift": None, "message": "Better."},
    "states": {
        "input": {"time": "2026-11-21T07:10:00Z"},
        "context": {"State": {"EnteredTime": "2026-11-21T07:10:00Z"}},
    },
}


def aws(*_: str) -> SimpleNamespace:
    """A client that finds an image, its description and data, and otherwise nothing."""
    described = json.dumps(DESCRIPTION).encode()
    version = {"Key": "k", "VersionId": "v", "ETag": "e", "Size": 1, "IsLatest": True}
    return SimpleNamespace(
        get_item=lambda **_: {},
        get_parameter=lambda **_: {"Parameter": {"Value": IMAGE}},
        get_object=lambda **_: {"Body": io.BytesIO(described)},
        put_object=lambda **_: {},
        get_paginator=lambda _: SimpleNamespace(paginate=lambda **_: [{"Versions": [version]}]),
        list_objects_v2=lambda **_: {"Contents": [version]},
    )


def variables_of(machine: asl.Machine, environment: Environment) -> dict[str, Any]:
    """What a run knows, by the real answers of the Lambda function's steps."""
    known = Setting(
        environment, Place("artifacts", ROLE, KEY), "/shop/test/training-image", "locks"
    )
    variables = dict(BEFORE)
    for _, state in asl.tasks_of(machine):
        if state["Resource"].endswith("lambda:invoke"):
            payload = asl.evaluated(state["Arguments"]["Payload"], variables)
            if payload["step"] in ASKED:
                answer = json.loads(json.dumps(STEPS[payload["step"]](known, payload)))
                states = {**BEFORE["states"], "result": {"Payload": answer}}
                variables |= asl.evaluated(state["Assign"], {**variables, "states": states})
    return variables


@pytest.fixture(scope="module", params=ENVIRONMENTS)
def environment(request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of an environment whose endpoint is live."""
    shop = ENVIRONMENTS[request.param]
    live = Live(
        "InService",
        "shop-test-first",
        "",
        2,
        shop.endpoint.variant,
        shop.endpoint.instance_type,
        MODEL,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(setting, "client", aws)
        for module in (begin, monitoring, release):
            patch.setattr(module, "look", lambda _: live)
        yield request.param


def said_by_cfn_lint(template: policy.Template) -> list[str]:
    return [
        f"{'/'.join(map(str, match.path))}: {match.rule.id} {match.message}"
        for match in lint(json.dumps(template))
    ]


@pytest.mark.parametrize("stack", STACKS)
def test_the_stacks_keep_our_rules(stack: str) -> None:
    assert policy.problems_of(policy.read(STACKS[stack])) == []


@pytest.mark.parametrize("stack", STACKS)
def test_the_stacks_satisfy_cfn_lint(stack: str) -> None:
    assert said_by_cfn_lint(policy.read(STACKS[stack])) == []


def judged_by_checkov(directory: Path) -> dict[str, set[tuple[str, str]]]:
    """The checks that failed and those that were skipped, each with its resource."""
    checkov = [CHECKOV / "bin/checkov", "--directory", directory, "--output", "json"]
    asked = [*checkov, "--framework", "cloudformation", "--skip-download"]
    found = json.loads(subprocess.run(asked, capture_output=True, check=False).stdout)["results"]
    return {
        kind: {(one["check_id"], one["resource"]) for one in found[f"{kind}_checks"]}
        for kind in ("failed", "skipped")
    }


@pytest.mark.skipif(not (CHECKOV / "ready").exists(), reason="needs checkov: make checkov")
def test_checkov_passes_and_needs_every_suppression() -> None:
    stacks = [policy.read(file) for file in STACKS.values()]
    suppressed = {
        (one["id"], f"{stack['Resources'][name]['Type']}.{name}")
        for stack in stacks
        for name, one in policy.suppressions(stack, "checkov")
    }
    assert judged_by_checkov(CI / "infra") == {"failed": set(), "skipped": suppressed}


@pytest.mark.skipif(not (CHECKOV / "ready").exists(), reason="needs checkov: make checkov")
def test_faults_are_found_by_checkov(tmp_path: Path) -> None:
    template = policy.read(STACKS["foundation"])
    for edit, _ in faults.OF_CHECKOV.values():
        edit(template)
    (tmp_path / "foundation.json").write_text(json.dumps(template, indent=1))
    expected = {said for _, said in faults.OF_CHECKOV.values()}
    assert judged_by_checkov(tmp_path)["failed"] >= expected


@pytest.mark.parametrize("machine", MACHINES)
def test_the_state_machines_keep_our_rules(machine: str) -> None:
    assert asl.problems_of(asl.read(MACHINES[machine])) == []


@pytest.mark.parametrize("machine", MACHINES)
def test_the_stacks_fill_in_what_the_state_machines_leave_open(machine: str) -> None:
    definition, template = MACHINES[machine].read_text(), policy.read(STACKS[machine])
    assert list(asl.filling_problems(definition, template)) == []
    assert list(asl.filling_problems(definition + "${Other}", template)) == [
        "the machine: the template does not fill in ${Other}"
    ]
    assert list(asl.filling_problems(definition.replace("${Partition}", "aws"), template)) == [
        "the machine: nothing in it is called ${Partition}"
    ]


@pytest.mark.parametrize("machine", MACHINES)
def test_every_request_is_one_that_aws_takes(machine: str, environment: str) -> None:
    definition = asl.read(MACHINES[machine])
    variables = variables_of(definition, ENVIRONMENTS[environment])
    missing = NOT_SENT.get(environment, []) if machine == "retraining" else []
    assert list(asl.request_problems(definition, variables)) == missing


def test_every_step_is_asked_for() -> None:
    asked = {
        asl.step_of(state["Arguments"]["Payload"])
        for file in MACHINES.values()
        for _, state in asl.tasks_of(asl.read(file))
        if state["Resource"].endswith("lambda:invoke")
    }
    assert asked == STEPS.keys()


def test_every_state_that_is_excused_exists() -> None:
    assert asl.UNCAUGHT.keys() <= dict(asl.states_of(asl.read(MACHINES["monitoring"]))).keys()


def test_a_run_ends_before_its_lease() -> None:
    lease = policy.read(STACKS["retraining"])["Parameters"]["LeaseSeconds"]["Default"]
    assert asl.read(MACHINES["retraining"])["TimeoutSeconds"] < lease


# Permissions


@pytest.mark.parametrize("machine", MACHINES)
def test_the_roles_of_state_machines_allow_what_they_call(machine: str) -> None:
    definition, template = asl.read(MACHINES[machine]), policy.read(STACKS[machine])
    assert list(permissions.machine_problems(definition, template)) == []


@pytest.mark.parametrize("role", FUNCTIONS)
def test_the_roles_of_functions_allow_what_the_code_calls(role: str) -> None:
    template = policy.read(STACKS["retraining"])
    assert list(permissions.function_problems(FUNCTIONS[role], template, role)) == []


def test_the_execution_role_allows_what_sagemaker_does_with_it() -> None:
    assert list(permissions.execution_problems(policy.read(STACKS["foundation"]))) == []


@pytest.mark.parametrize(
    ("action", "said"),
    [
        ("sagemaker:StopTrainingJob", "Train: RunRole does not allow sagemaker:StopTrainingJob"),
        ("iam:PassRole", "Create the model: RunRole does not allow iam:PassRole"),
        ("kms:CreateGrant", "Create the endpoint: RunRole does not allow kms:CreateGrant"),
        ("events:PutRule", "Tune: RunRole does not allow events:PutRule"),
        ("cloudwatch:DescribeAlarms", "Set the scaling policy: RunRole does not allow cloudwatch:"),
        ("sagemaker:DescribeTrainingJob", "release.py: StepRole does not allow sagemaker:Describe"),
        ("s3:ListBucketVersions", "begin.py: StepRole does not allow s3:ListBucketVersions"),
        ("dynamodb:GetItem", "lock.py: StepRole does not allow dynamodb:GetItem"),
        ("states:StartExecution", "triggers.py: TriggerRole does not allow states:StartExecution"),
    ],
)
def test_a_missing_permission_is_found(action: str, said: str) -> None:
    template = without(policy.read(STACKS["retraining"]), action)
    found = [*permissions.machine_problems(asl.read(MACHINES["retraining"]), template)]
    for role, files in FUNCTIONS.items():
        found += permissions.function_problems(files, template, role)
    assert any(one.startswith(said) for one in found), found


def test_a_missing_permission_of_jobs_is_found() -> None:
    template = without(policy.read(STACKS["foundation"]), "cloudwatch:DescribeAlarms")
    assert list(permissions.execution_problems(template)) == [
        "ExecutionRole: jobs and endpoints need cloudwatch:DescribeAlarms"
    ]


def without(template: policy.Template, action: str) -> policy.Template:
    return json.loads(json.dumps(template).replace(f'"{action}"', '"sts:GetCallerIdentity"'))


# Planted faults


@pytest.mark.parametrize("fault", faults.OF_TEMPLATES)
def test_a_fault_of_a_template_is_found(fault: str) -> None:
    stack, edit, said = faults.OF_TEMPLATES[fault]
    found = policy.problems_of(faults.edited(policy.read(STACKS[stack]), edit))
    assert any(one.startswith(said) for one in found), found


def test_every_rule_of_templates_finds_its_fault() -> None:
    found = {
        one.rpartition("(")[2].rstrip(")")
        for stack, edit, said in faults.OF_TEMPLATES.values()
        for one in policy.problems_of(faults.edited(policy.read(STACKS[stack]), edit))
        if one.startswith(said)
    }
    assert found >= {rule.__name__ for rule in policy.RULES}


@pytest.mark.parametrize("fault", faults.OF_CFN_LINT)
def test_a_fault_is_found_by_cfn_lint(fault: str) -> None:
    edit, said = faults.OF_CFN_LINT[fault]
    found = said_by_cfn_lint(faults.edited(policy.read(STACKS["retraining"]), edit))
    assert any(said in one for one in found), found


@pytest.mark.parametrize("fault", faults.OF_MACHINES)
def test_a_fault_of_a_state_machine_is_found(fault: str) -> None:
    edit, said = faults.OF_MACHINES[fault]
    found = asl.problems_of(faults.edited(asl.read(MACHINES["retraining"]), edit))
    assert any(one.startswith(said) for one in found), found


def test_every_rule_of_state_machines_finds_its_fault() -> None:
    machine = asl.read(MACHINES["retraining"])
    made = [(faults.edited(machine, edit), said) for edit, said in faults.OF_MACHINES.values()]
    for rule in asl.RULES:
        assert any(one.startswith(said) for wrong, said in made for one in rule(wrong)), rule


@pytest.mark.parametrize("environment", ["instances"], indirect=True)
@pytest.mark.parametrize("fault", faults.OF_REQUESTS)
def test_a_fault_of_a_request_is_found(fault: str, environment: str) -> None:
    edit, said = faults.OF_REQUESTS[fault]
    machine = asl.read(MACHINES["retraining"])
    variables = variables_of(machine, ENVIRONMENTS[environment])
    found = list(asl.request_problems(machine, faults.edited(variables, edit)))
    assert any(one.startswith(said) for one in found), found


@pytest.mark.parametrize("environment", ["instances"], indirect=True)
@pytest.mark.parametrize("fault", faults.OF_ARGUMENTS)
def test_a_task_that_sends_the_wrong_request_is_found(fault: str, environment: str) -> None:
    edit, said = faults.OF_ARGUMENTS[fault]
    machine = asl.read(MACHINES["retraining"])
    variables = variables_of(machine, ENVIRONMENTS[environment])
    found = list(asl.request_problems(faults.edited(machine, edit), variables))
    assert any(one.startswith(said) for one in found), found
