"""Stacks: every added type made, changed and removed; what fails is undone; change sets."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_test.aws.server import LocalAws
from tests.local_test.aws.account import Account
from tests.local_test.aws.hosting import until

Resources = dict[str, Any]
NO_CHANGES = "didn't contain changes"


class Stacks(Account):
    """Somebody who deploys by change sets, as the aws CLI does."""

    def __init__(self, aws: LocalAws):
        super().__init__(aws)
        self.formation = self.client("cloudformation")
        self._number = 0

    def change_set(self, resources: Resources, name: str = "shop", **more: Any) -> dict[str, Any]:
        """Create a change set, and describe it."""
        self._number += 1
        given = more.pop("parameters", {})
        template = {"Resources": resources, **more}
        self.formation.create_change_set(
            StackName=name,
            ChangeSetName=f"change-{self._number}",
            ChangeSetType="UPDATE" if self.status(name) else "CREATE",
            TemplateBody=json.dumps(template),
            Parameters=[
                {"ParameterKey": key, "ParameterValue": value} for key, value in given.items()
            ],
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        return self.formation.describe_change_set(
            StackName=name, ChangeSetName=f"change-{self._number}"
        )

    def deploy(self, resources: Resources, name: str = "shop", **more: Any) -> str:
        """Change a stack to this; its status."""
        made = self.change_set(resources, name, **more)
        self.formation.execute_change_set(StackName=name, ChangeSetName=made["ChangeSetName"])
        until(lambda: not self.status(name).endswith("_IN_PROGRESS"))
        return self.status(name)

    def status(self, name: str = "shop") -> str:
        """Empty when there is no such stack."""
        try:
            return self.formation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
        except ClientError:
            return ""

    def delete(self, name: str = "shop") -> None:
        self.formation.delete_stack(StackName=name)
        until(lambda: not self.status(name))

    def resources(self, name: str = "shop") -> dict[str, str]:
        """Logical → physical id."""
        found = self.formation.describe_stack_resources(StackName=name)["StackResources"]
        return {one["LogicalResourceId"]: one.get("PhysicalResourceId", "") for one in found}

    def outputs(self, name: str = "shop") -> dict[str, str]:
        found = self.formation.describe_stacks(StackName=name)["Stacks"][0]["Outputs"]
        return {one["OutputKey"]: one["OutputValue"] for one in found}

    def reasons(self, name: str = "shop") -> list[tuple[str, str]]:
        """Resource and reason of everything that failed."""
        events = self.formation.describe_stack_events(StackName=name)["StackEvents"]
        return [
            (event["LogicalResourceId"], event.get("ResourceStatusReason", ""))
            for event in events
            if event["ResourceStatus"].endswith("_FAILED")
        ]


@pytest.fixture
def stacks(aws: LocalAws) -> Stacks:
    return Stacks(aws)


def resource(kind: str, **properties: Any) -> Resources:
    return {"Type": f"AWS::{kind}", "Properties": properties}


def document(sid: str) -> dict[str, Any]:
    """A policy."""
    statement = {"Sid": sid, "Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


# Types: what makes one, what changes it, and how it looks from outside (None: it is gone)


def alarm(change: bool) -> Resources:
    return {
        "Alarm": resource(
            "CloudWatch::Alarm",
            AlarmName="errors",
            Namespace="Shop",
            MetricName="Errors",
            Dimensions=[{"Name": "Shop", "Value": "a"}],
            Statistic="Sum",
            Period=60,
            EvaluationPeriods="2",
            Threshold=50 if change else "10",
            ComparisonOperator="GreaterThanThreshold",
        )
    }


def see_alarm(stacks: Stacks) -> Any:
    found = stacks.client("cloudwatch").describe_alarms()["MetricAlarms"]
    return [(one["AlarmName"], one["Threshold"], one["EvaluationPeriods"]) for one in found]


def key(change: bool) -> Resources:
    return {
        "Key": resource(
            "KMS::Key",
            Description="the shop's",
            KeyPolicy=document("after" if change else "before"),
            EnableKeyRotation=True,
        )
    }


def see_key(stacks: Stacks) -> Any:
    kms = stacks.client("kms")
    found = [kms.describe_key(KeyId=one["KeyId"])["KeyMetadata"] for one in kms.list_keys()["Keys"]]
    return [
        (sid(kms.get_key_policy(KeyId=one["KeyId"], PolicyName="default")["Policy"]), True)
        for one in found
        if one["KeyState"] == "Enabled"
        and kms.get_key_rotation_status(KeyId=one["KeyId"])["KeyRotationEnabled"]
    ]


def sid(policy: str) -> str:
    return json.loads(policy)["Statement"][0]["Sid"]


def parameter(change: bool) -> Resources:
    return {
        "Parameter": resource(
            "SSM::Parameter",
            Name="/shop/image",
            Type="String",
            Value="v2" if change else "v1",
            Tags={"project": "shop"},
        )
    }


def see_parameter(stacks: Stacks) -> Any:
    ssm = stacks.client("ssm")
    found = ssm.get_parameters_by_path(Path="/shop")["Parameters"]
    return [(one["Name"], one["Value"]) for one in found]


def topic_with(**more: Resources) -> Resources:
    return {"Topic": resource("SNS::Topic", TopicName="ops"), **more}


def subscription(change: bool) -> Resources:
    return topic_with(
        Subscription=resource(
            "SNS::Subscription",
            TopicArn={"Ref": "Topic"},
            Protocol="email",
            Endpoint="after@example.com" if change else "before@example.com",
        )
    )


def see_subscription(stacks: Stacks) -> Any:
    found = stacks.client("sns").list_subscriptions()["Subscriptions"]
    return [(one["Protocol"], one["Endpoint"]) for one in found]


def topic_policy(change: bool) -> Resources:
    return topic_with(
        Policy=resource(
            "SNS::TopicPolicy",
            Topics=[{"Ref": "Topic"}],
            PolicyDocument=document("after" if change else "before"),
        )
    )


def see_topic_policy(stacks: Stacks) -> Any:
    sns = stacks.client("sns")
    found = [one["TopicArn"] for one in sns.list_topics()["Topics"]]
    policies = [sns.get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"] for arn in found]
    return [sid(policy) for policy in policies]


def queue_policy(change: bool) -> Resources:
    return {
        "Queue": resource("SQS::Queue", QueueName="letters"),
        "Policy": resource(
            "SQS::QueuePolicy",
            Queues=[{"Ref": "Queue"}],
            PolicyDocument=document("after" if change else "before"),
        ),
    }


def see_queue_policy(stacks: Stacks) -> Any:
    sqs = stacks.client("sqs")
    urls = sqs.list_queues().get("QueueUrls", [])
    found = [sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"]) for url in urls]
    return [sid(one["Attributes"]["Policy"]) for one in found]


def bucket_policy(change: bool) -> Resources:
    return {
        "Bucket": resource("S3::Bucket", BucketName="shop-data"),
        "Policy": resource(
            "S3::BucketPolicy",
            Bucket={"Ref": "Bucket"},
            PolicyDocument=document("after" if change else "before"),
        ),
    }


def see_bucket_policy(stacks: Stacks) -> Any:
    s3 = stacks.client("s3")
    names = [one["Name"] for one in s3.list_buckets()["Buckets"]]
    return [sid(s3.get_bucket_policy(Bucket=name)["Policy"]) for name in names]


def provider(change: bool) -> Resources:
    return {
        "Provider": resource(
            "IAM::OIDCProvider",
            Url="https://token.actions.githubusercontent.com",
            ClientIdList=["sts.amazonaws.com", *(["other"] if change else [])],
            ThumbprintList=["6938fd4d98bab03faadb97b34396831e3780aea1"],
        )
    }


def see_provider(stacks: Stacks) -> Any:
    found = stacks.client("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"]
    return [one["Arn"].partition("oidc-provider/")[2] for one in found]


def package_group(change: bool) -> Resources:
    return {
        "Group": resource(
            "SageMaker::ModelPackageGroup",
            ModelPackageGroupName="flats",
            ModelPackageGroupDescription="flats",
            Tags=[{"Key": "project", "Value": "after" if change else "before"}],
        )
    }


def see_package_group(stacks: Stacks) -> Any:
    found = stacks.client("sagemaker").list_model_package_groups()["ModelPackageGroupSummaryList"]
    return [(one["ModelPackageGroupName"], one["ModelPackageGroupDescription"]) for one in found]


Made = Callable[[bool], Resources]
TYPES: dict[str, tuple[Made, Callable[[Stacks], Any], Any, Any]] = {
    "CloudWatch::Alarm": (alarm, see_alarm, [("errors", 10.0, 2)], [("errors", 50.0, 2)]),
    "KMS::Key": (key, see_key, [("before", True)], [("after", True)]),
    "SSM::Parameter": (
        parameter,
        see_parameter,
        [("/shop/image", "v1")],
        [("/shop/image", "v2")],
    ),
    "SNS::Subscription": (
        subscription,
        see_subscription,
        [("email", "before@example.com")],
        [("email", "after@example.com")],
    ),
    "SNS::TopicPolicy": (topic_policy, see_topic_policy, ["before"], ["after"]),
    "SQS::QueuePolicy": (queue_policy, see_queue_policy, ["before"], ["after"]),
    "S3::BucketPolicy": (bucket_policy, see_bucket_policy, ["before"], ["after"]),
    "IAM::OIDCProvider": (
        provider,
        see_provider,
        ["token.actions.githubusercontent.com"],
        ["token.actions.githubusercontent.com"],
    ),
    "SageMaker::ModelPackageGroup": (
        package_group,
        see_package_group,
        [("flats", "flats")],
        [("flats", "flats")],
    ),
}


@pytest.mark.parametrize("kind", TYPES)
def test_a_resource_is_made_changed_and_removed(stacks: Stacks, kind: str) -> None:
    template, see, before, after = TYPES[kind]
    beside = {"Beside": resource("SQS::Queue", QueueName="beside")}
    assert see(stacks) == []
    assert stacks.deploy(template(False)) == "CREATE_COMPLETE", stacks.reasons()
    assert see(stacks) == before
    made = stacks.resources()
    assert all(made.values())
    assert stacks.deploy(template(True)) == "UPDATE_COMPLETE", stacks.reasons()
    assert see(stacks) == after
    assert set(stacks.resources()) == set(made)
    if kind != "SQS::QueuePolicy":  # the queue beside it would be seen, too
        assert stacks.deploy(beside) == "UPDATE_COMPLETE", stacks.reasons()
        assert see(stacks) == []
        assert set(stacks.resources()) == {"Beside"}
    stacks.delete()
    assert see(stacks) == []


@pytest.mark.parametrize("kind", TYPES)
def test_a_deleted_stack_takes_its_resources_with_it(stacks: Stacks, kind: str) -> None:
    template, see, before, _ = TYPES[kind]
    assert stacks.deploy(template(False)) == "CREATE_COMPLETE"
    assert see(stacks) == before
    stacks.delete()
    assert see(stacks) == []
    assert stacks.deploy(template(False)) == "CREATE_COMPLETE", "it can be made again"
    assert see(stacks) == before


@pytest.mark.parametrize(
    ("kind", "name", "see"),
    [
        ("CloudWatch::Alarm", "AlarmName", see_alarm),
        ("SSM::Parameter", "Name", see_parameter),
        ("SageMaker::ModelPackageGroup", "ModelPackageGroupName", see_package_group),
    ],
)
def test_a_new_name_is_a_new_resource_and_the_old_one_goes(
    stacks: Stacks, kind: str, name: str, see: Callable[[Stacks], Any]
) -> None:
    template = TYPES[kind][0](False)
    stacks.deploy(template)
    ((logical, made),) = template.items()
    renamed = {**made, "Properties": {**made["Properties"], name: "/shop/new".strip("/")[5:]}}
    if kind == "SSM::Parameter":
        renamed["Properties"][name] = "/shop/new"
    assert stacks.deploy({logical: renamed}) == "UPDATE_COMPLETE", stacks.reasons()
    assert [one[0] for one in see(stacks)] == [renamed["Properties"][name]]
    assert stacks.resources()[logical] == renamed["Properties"][name]


def test_a_package_group_cannot_be_replaced_under_its_name(stacks: Stacks) -> None:
    stacks.deploy(package_group(False))
    stacks.client("sagemaker").create_model_package(
        ModelPackageGroupName="flats", ModelApprovalStatus="Approved"
    )
    changed = package_group(False)
    changed["Group"]["Properties"]["ModelPackageGroupDescription"] = "other"
    assert stacks.deploy(changed) == "UPDATE_ROLLBACK_COMPLETE"
    ((_, reason),) = stacks.reasons()
    assert "cannot update a stack when a custom-named resource requires replacing" in reason
    assert see_package_group(stacks) == [("flats", "flats")]


def test_a_subscription_filters_what_it_gets(stacks: Stacks) -> None:
    url, arn = stacks.queue("letters")
    template = topic_with(
        Subscription=resource(
            "SNS::Subscription",
            TopicArn={"Ref": "Topic"},
            Protocol="sqs",
            Endpoint=arn,
            RawMessageDelivery=True,
            FilterPolicy={"kind": ["bad"]},
        )
    )
    assert stacks.deploy(template) == "CREATE_COMPLETE", stacks.reasons()
    for kind in ("good", "bad"):
        stacks.client("sns").publish(
            TopicArn=stacks.resources()["Topic"],
            Message=f"a {kind} one",
            MessageAttributes={"kind": {"DataType": "String", "StringValue": kind}},
        )
    assert stacks.received(url) == ["a bad one"]


def test_references_and_attributes_of_added_types(stacks: Stacks) -> None:
    outputs = {
        "Key": {"Value": {"Fn::GetAtt": ["Key", "Arn"]}},
        "KeyId": {"Value": {"Ref": "Key"}},
        "Alarm": {"Value": {"Fn::GetAtt": ["Alarm", "Arn"]}},
        "Parameter": {"Value": {"Ref": "Parameter"}},
        "Provider": {"Value": {"Ref": "Provider"}},
    }
    template = {**key(False), **alarm(False), **parameter(False), **provider(False)}
    assert stacks.deploy(template, Outputs=outputs) == "CREATE_COMPLETE", stacks.reasons()
    given = stacks.outputs()
    described = stacks.client("kms").describe_key(KeyId=given["KeyId"])["KeyMetadata"]
    assert described["Arn"] == given["Key"]
    (found,) = stacks.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert found["AlarmArn"] == given["Alarm"]
    assert given["Parameter"] == "/shop/image"
    providers = stacks.client("iam").list_open_id_connect_providers()
    assert [one["Arn"] for one in providers["OpenIDConnectProviderList"]] == [given["Provider"]]


# State machines, functions and rules


def machine(**more: Any) -> Resources:
    return resource(
        "StepFunctions::StateMachine",
        StateMachineName="shop",
        RoleArn="arn:aws:iam::123456789012:role/worker",
        **more,
    )


def saying(text: str) -> dict[str, Any]:
    """A definition whose output is this text."""
    return {"StartAt": "Say", "States": {"Say": {"Type": "Pass", "Result": text, "End": True}}}


def test_a_state_machine_from_s3_with_substitutions(stacks: Stacks) -> None:
    s3 = stacks.client("s3")
    s3.create_bucket(Bucket="code")
    text = saying("${Who} in ${Where} of ${Count}, not ${Other}")
    for name, who in (("v1", text), ("v2", {**text, "Comment": "two"})):
        s3.put_object(Bucket="code", Key=f"{name}.asl.json", Body=json.dumps(who))

    def template(name: str, who: str) -> Resources:
        return {
            "Queue": resource("SQS::Queue", QueueName="letters"),
            "Machine": machine(
                DefinitionS3Location={"Bucket": "code", "Key": f"{name}.asl.json"},
                DefinitionSubstitutions={
                    "Who": who,
                    "Where": {"Fn::GetAtt": ["Queue", "QueueName"]},
                    "Count": 3,
                },
                Tags=[{"Key": "project", "Value": "shop"}],
            ),
        }

    outputs = {"Arn": {"Value": {"Ref": "Machine"}}}
    assert stacks.deploy(template("v1", "ada"), Outputs=outputs) == "CREATE_COMPLETE"
    arn = stacks.outputs()["Arn"]
    assert stacks.output(arn) == "ada in letters of 3, not ${Other}"
    assert stacks.deploy(template("v2", "bob"), Outputs=outputs) == "UPDATE_COMPLETE"
    states = stacks.client("stepfunctions")
    described = states.describe_state_machine(stateMachineArn=arn)
    assert json.loads(described["definition"])["Comment"] == "two"
    assert stacks.output(arn) == "bob in letters of 3, not ${Other}"
    stacks.delete()
    until(lambda: not states.list_state_machines()["stateMachines"])


def test_definitions_in_the_template_and_broken_ones(stacks: Stacks) -> None:
    assert stacks.deploy({"Machine": machine(Definition=saying("object"))}) == "CREATE_COMPLETE"
    arn = stacks.resources()["Machine"]
    assert stacks.output(arn) == "object"
    text = json.dumps(saying("text"))
    assert stacks.deploy({"Machine": machine(DefinitionString=text)}) == "UPDATE_COMPLETE"
    assert stacks.output(arn) == "text"
    broken = {"Machine": machine(Definition={**saying("no"), "StartAt": "Nowhere"})}
    assert stacks.deploy(broken) == "UPDATE_ROLLBACK_COMPLETE"
    ((_, reason),) = stacks.reasons()
    assert "Nowhere" in reason
    assert stacks.output(arn) == "text", "it is as it was"


def working(version: str, **more: Resources) -> Resources:
    """A function, a state machine that calls it, and a rule that starts that."""
    source = f"def handler(event, context):\n    return '{version}'\n"
    call = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "${Function}", "Payload": {}},
        "OutputPath": "$.Payload",
        "End": True,
    }
    return {
        "Function": resource(
            "Lambda::Function",
            FunctionName="versioned",
            Runtime="python3.11",
            Handler="index.handler",
            Role="arn:aws:iam::123456789012:role/worker",
            Code={"ZipFile": source},
            Environment={"Variables": {"VERSION": version}},
        ),
        "Machine": machine(
            Definition={"Comment": version, "StartAt": "Call", "States": {"Call": call}},
            DefinitionSubstitutions={"Function": {"Ref": "Function"}},
        ),
        "Rule": resource(
            "Events::Rule",
            Name="start",
            EventPattern={"source": [version]},
            State="ENABLED",
            Targets=[
                {
                    "Id": "machine",
                    "Arn": {"Ref": "Machine"},
                    "RoleArn": "arn:aws:iam::123456789012:role/worker",
                }
            ],
        ),
        **more,
    }


def works(stacks: Stacks, version: str) -> None:
    """Function, machine and rule are those of a version, and of no other."""
    assert stacks.invoke("versioned") == (version, None)
    states = stacks.client("stepfunctions")
    (found,) = states.list_state_machines()["stateMachines"]
    arn = found["stateMachineArn"]
    described = states.describe_state_machine(stateMachineArn=arn)
    assert json.loads(described["definition"])["Comment"] == version
    assert stacks.output(arn) == version
    before = len(states.list_executions(stateMachineArn=arn)["executions"])
    for source in ("first", "second"):
        stacks.client("events").put_events(
            Entries=[{"Source": source, "DetailType": "t", "Detail": "{}"}]
        )
    stacks.client("events").put_events(
        Entries=[{"Source": version, "DetailType": "t", "Detail": "{}"}]
    )
    until(lambda: len(states.list_executions(stateMachineArn=arn)["executions"]) >= before + 2)
    assert len(states.list_executions(stateMachineArn=arn)["executions"]) == before + 2


def test_a_failed_update_leaves_what_was_there_and_it_works(stacks: Stacks) -> None:
    assert stacks.deploy(working("first")) == "CREATE_COMPLETE", stacks.reasons()
    works(stacks, "first")
    queue = resource("SQS::Queue", QueueName="letters")
    failing = machine(Definition={**saying("no"), "StartAt": "Nowhere"})
    failing["Properties"]["StateMachineName"] = "failing"
    failing["DependsOn"] = ["Function", "Machine", "Rule", "Queue"]
    broken = working("second", Queue=queue, Failing=failing)
    assert stacks.deploy(broken) == "UPDATE_ROLLBACK_COMPLETE"
    assert [name for name, _ in stacks.reasons()] == ["Failing"]
    works(stacks, "first")
    assert set(stacks.resources()) == {"Function", "Machine", "Rule"}
    assert stacks.client("sqs").list_queues().get("QueueUrls", []) == []
    template = stacks.formation.get_template(StackName="shop")["TemplateBody"]
    assert set(template["Resources"]) == {"Function", "Machine", "Rule"}
    assert stacks.deploy(working("second", Queue=queue)) == "UPDATE_COMPLETE"
    works(stacks, "second")


# What fails


@pytest.mark.parametrize(
    "failing",
    [
        resource("Nonsense::Thing", Name="x"),
        resource("EC2::TransitGatewayMulticastDomain"),
        machine(Definition={"StartAt": "Nowhere", "States": {}}),
    ],
    ids=["no type", "unknown type", "refused"],
)
def test_a_failed_create_is_undone_and_leaves_nothing(stacks: Stacks, failing: Resources) -> None:
    template = {
        **working("first"),
        "Queue": resource("SQS::Queue", QueueName="letters"),
        "Bucket": resource("S3::Bucket", BucketName="shop-data"),
        **alarm(False),
        "Failing": {**failing, "DependsOn": ["Queue", "Bucket", "Alarm", "Rule"]},
    }
    if "StateMachine" in failing["Type"]:
        template["Failing"] = {
            **template["Failing"],
            "Properties": {**failing["Properties"], "StateMachineName": "failing"},
        }
    assert stacks.deploy(template) == "ROLLBACK_COMPLETE"
    ((name, reason),) = stacks.reasons()
    assert name == "Failing"
    assert reason
    if "StateMachine" not in failing["Type"]:
        assert f"The local AWS cannot make {failing['Type']}." in reason
    left = {
        "queues": stacks.client("sqs").list_queues().get("QueueUrls", []),
        "buckets": stacks.client("s3").list_buckets()["Buckets"],
        "alarms": see_alarm(stacks),
        "functions": stacks.client("lambda").list_functions()["Functions"],
        "machines": stacks.client("stepfunctions").list_state_machines()["stateMachines"],
        "rules": stacks.client("events").list_rules()["Rules"],
    }
    assert not any(left.values()), left
    stacks.delete()
    del template["Failing"]
    assert stacks.deploy(template) == "CREATE_COMPLETE"


def test_an_unknown_type_in_an_update_leaves_the_stack_as_it_was(stacks: Stacks) -> None:
    queue = {"Queue": resource("SQS::Queue", QueueName="letters")}
    stacks.deploy(queue)
    unknown = {**queue, "Thing": resource("Nonsense::Thing")}
    assert stacks.deploy(unknown) == "UPDATE_ROLLBACK_COMPLETE"
    assert stacks.reasons() == [
        (
            "Thing",
            "The local AWS cannot make AWS::Nonsense::Thing. docs/local-aws.md lists its types.",
        )
    ]
    assert set(stacks.resources()) == {"Queue"}


# Conditions, parameters, change sets


FLIPPING: dict[str, Any] = {
    "Parameters": {
        "Alarmed": {"Type": "String", "Default": "no"},
        "Label": {"Type": "String", "Default": "a"},
    },
    "Conditions": {"IsAlarmed": {"Fn::Equals": [{"Ref": "Alarmed"}, "yes"]}},
}


def flipping() -> Resources:
    """An alarm for some, and a parameter that says so."""
    conditional = alarm(False)["Alarm"]
    return {
        "Alarm": {**conditional, "Condition": "IsAlarmed"},
        "Said": resource(
            "SSM::Parameter",
            Name="/shop/said",
            Type="String",
            Value={"Fn::If": ["IsAlarmed", {"Fn::Sub": "yes ${Label}"}, "no"]},
        ),
        "Queue": resource("SQS::Queue", QueueName="letters"),
    }


def test_a_condition_that_flips_adds_and_removes(stacks: Stacks) -> None:
    for alarmed, alarms, said in (
        ("no", [], "no"),
        ("yes", [("errors", 10.0, 2)], "yes a"),
        ("no", [], "no"),
    ):
        stacks.deploy(flipping(), **FLIPPING, parameters={"Alarmed": alarmed})
        assert stacks.status() in ("CREATE_COMPLETE", "UPDATE_COMPLETE")
        assert see_alarm(stacks) == alarms
        assert see_parameter(stacks) == [("/shop/said", said)]
        assert ("Alarm" in stacks.resources()) == bool(alarms)


def test_what_a_condition_leaves_out_is_not_what_failed(stacks: Stacks) -> None:
    broken = {**flipping(), "Failing": resource("Nonsense::Thing")}
    assert stacks.deploy(broken, **FLIPPING) == "ROLLBACK_COMPLETE"
    assert [name for name, _ in stacks.reasons()] == ["Failing"]


def changes(described: dict[str, Any]) -> set[tuple[str, str]]:
    found = [change["ResourceChange"] for change in described["Changes"]]
    return {(change["Action"], change["LogicalResourceId"]) for change in found}


def test_a_change_set_lists_what_changes_and_does_nothing_yet(stacks: Stacks) -> None:
    described = stacks.change_set(flipping(), **FLIPPING)
    assert changes(described) == {("Add", "Said"), ("Add", "Queue")}
    assert stacks.client("sqs").list_queues().get("QueueUrls", []) == []
    stacks.formation.execute_change_set(StackName="shop", ChangeSetName=described["ChangeSetName"])
    until(lambda: stacks.status() == "CREATE_COMPLETE")
    flipped = stacks.change_set(flipping(), **FLIPPING, parameters={"Alarmed": "yes"})
    assert changes(flipped) == {("Add", "Alarm"), ("Modify", "Said")}
    labelled = stacks.change_set(flipping(), **FLIPPING, parameters={"Label": "b"})
    assert changes(labelled) == {("Modify", "Said")}
    without = {name: one for name, one in flipping().items() if name != "Queue"}
    assert changes(stacks.change_set(without, **FLIPPING)) == {("Remove", "Queue")}
    assert see_alarm(stacks) == []
    assert see_parameter(stacks) == [("/shop/said", "no")]


def test_a_change_set_without_changes_says_so_and_cannot_be_executed(stacks: Stacks) -> None:
    stacks.deploy(flipping(), **FLIPPING)
    described = stacks.change_set(flipping(), **FLIPPING)
    assert described["Status"] == "FAILED"
    assert NO_CHANGES in described["StatusReason"]
    assert described.get("Changes", []) == []
    with pytest.raises(ClientError):
        stacks.formation.execute_change_set(
            StackName="shop", ChangeSetName=described["ChangeSetName"]
        )
    assert stacks.status() == "CREATE_COMPLETE"
    with pytest.raises(ClientError, match="No updates are to be performed"):
        stacks.formation.update_stack(
            StackName="shop", TemplateBody=json.dumps({"Resources": flipping(), **FLIPPING})
        )


def test_a_change_set_that_is_deleted_or_unknown_cannot_be_executed(stacks: Stacks) -> None:
    described = stacks.change_set(flipping(), **FLIPPING)
    stacks.formation.delete_change_set(StackName="shop", ChangeSetName=described["ChangeSetName"])
    for name in (described["ChangeSetName"], "none"):
        with pytest.raises(ClientError, match="does not exist"):
            stacks.formation.execute_change_set(StackName="shop", ChangeSetName=name)


# Buckets


def test_a_bucket_is_versioned_when_its_template_says_so(stacks: Stacks) -> None:
    s3 = stacks.client("s3")
    bucket = resource("S3::Bucket", BucketName="shop-data")
    stacks.deploy({"Bucket": bucket})
    assert "Status" not in s3.get_bucket_versioning(Bucket="shop-data")
    s3.put_object(Bucket="shop-data", Key="a", Body=b"0")
    versioned = resource(
        "S3::Bucket", BucketName="shop-data", VersioningConfiguration={"Status": "Enabled"}
    )
    assert stacks.deploy({"Bucket": versioned}) == "UPDATE_COMPLETE"
    assert s3.get_bucket_versioning(Bucket="shop-data")["Status"] == "Enabled"
    assert s3.get_object(Bucket="shop-data", Key="a")["Body"].read() == b"0", "it is the same"
    first = s3.put_object(Bucket="shop-data", Key="a", Body=b"1")["VersionId"]
    s3.put_object(Bucket="shop-data", Key="a", Body=b"2")
    old = s3.get_object(Bucket="shop-data", Key="a", VersionId=first)
    assert old["Body"].read() == b"1"


def test_a_bucket_sends_events_when_its_template_says_so(stacks: Stacks) -> None:
    s3, events = stacks.client("s3"), stacks.client("events")
    url, arn = stacks.queue("letters")
    events.put_rule(Name="all", EventPattern='{"source": ["aws.s3"]}')
    events.put_targets(
        Rule="all", Targets=[{"Id": "q", "Arn": arn, "InputPath": "$.detail.object.key"}]
    )

    def template(**told: Any) -> Resources:
        return {"Bucket": resource("S3::Bucket", BucketName="shop-data", **told)}

    loud = {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}
    for number, told in enumerate(({}, {"NotificationConfiguration": loud}, {})):
        assert stacks.deploy(template(**told)).endswith("E_COMPLETE"), stacks.reasons()
        s3.put_object(Bucket="shop-data", Key=f"object-{number}", Body=b"")
    assert stacks.deploy(template(NotificationConfiguration=loud)) == "UPDATE_COMPLETE"
    s3.put_object(Bucket="shop-data", Key="last", Body=b"")
    assert stacks.received(url, 2) == ['"object-1"', '"last"']
    to_queue = {"QueueConfigurations": [{"Event": "s3:ObjectCreated:*", "Queue": arn}]}
    assert stacks.deploy(template(NotificationConfiguration=to_queue)) == "UPDATE_ROLLBACK_COMPLETE"
    ((_, reason),) = stacks.reasons()
    assert reason == "Events of buckets go to EventBridge here, not to QueueConfigurations."


def test_exports_are_imported_by_another_stack(stacks: Stacks) -> None:
    outputs = {
        "Bucket": {
            "Value": {"Ref": "Bucket"},
            "Export": {"Name": {"Fn::Sub": "${AWS::StackName}-b"}},
        }
    }
    bucket = {"Bucket": resource("S3::Bucket", BucketName="shop-data")}
    assert stacks.deploy(bucket, "first", Outputs=outputs) == "CREATE_COMPLETE"
    importing = {
        "Said": resource(
            "SSM::Parameter",
            Name="/shop/bucket",
            Type="String",
            Value={"Fn::ImportValue": "first-b"},
        )
    }
    assert stacks.deploy(importing, "second") == "CREATE_COMPLETE"
    assert see_parameter(stacks) == [("/shop/bucket", "shop-data")]
    (export,) = stacks.formation.list_exports()["Exports"]
    assert (export["Name"], export["Value"]) == ("first-b", "shop-data")
