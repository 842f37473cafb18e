"""Our own rules for CloudFormation templates: what cfn-lint and checkov do not ask for.

A rule yields what it finds: the resource's logical name, and a sentence. A resource is spared a
rule by its metadata, with a reason:
``policy: {skip: [{id: the_rule, comment: Why it is right here.}]}``.
"""

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from cfnlint.decode import decode
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

Template = dict[str, Any]
Finding = tuple[str, str]
Rule = Callable[[Template], Iterator[Finding]]

PHYSICAL_NAMES = (
    "AlarmName",
    "BucketName",
    "FunctionName",
    "LogGroupName",
    "Name",
    "QueueName",
    "RepositoryName",
    "RoleName",
    "StateMachineName",
    "TableName",
    "TopicName",
)
OF_A_PLACE = {
    "region": re.compile(r"\b(?:af|ap|ca|cn|eu|il|me|mx|sa|us)(?:-gov)?-[a-z]+-\d\b"),
    "account": re.compile(r"\b\d{12}\b"),
    "partition": re.compile(r"\barn:aws[a-z-]*:"),
}
TAGS = {"project": {"Ref": "ProjectName"}, "environment": {"Ref": "EnvironmentName"}}
PUBLIC_ACCESS = (
    "BlockPublicAcls",
    "BlockPublicPolicy",
    "IgnorePublicAcls",
    "RestrictPublicBuckets",
)
KEPT = ("AWS::KMS::Key", "AWS::ECR::Repository", "AWS::S3::Bucket")
ENCRYPTED_BY = {
    "AWS::DynamoDB::Table": ("SSESpecification.KMSMasterKeyId",),
    "AWS::ECR::Repository": ("EncryptionConfiguration.KmsKey",),
    "AWS::Lambda::Function": ("KmsKeyArn",),
    "AWS::Logs::LogGroup": ("KmsKeyId",),
    "AWS::SNS::Topic": ("KmsMasterKeyId",),
    "AWS::SQS::Queue": ("KmsMasterKeyId", "SqsManagedSseEnabled"),
}
BOUND_BY = ("aws:SourceAccount", "aws:SourceArn", "kms:EncryptionContext:aws:logs:arn")
# What AWS lets nobody narrow to a resource (Service Authorization Reference).
ON_EVERYTHING = re.compile(
    r"ecr:GetAuthorizationToken|cloudwatch:PutMetricData|xray:\w+|logs:\w+LogDeliver(y|ies)"
    r"|logs:PutResourcePolicy|logs:DescribeResourcePolicies|logs:DescribeLogGroups"
    r"|cloudformation:GetTemplateSummary|logs:DescribeIndexPolicies|application-autoscaling:Describe\w+|ec2:Describe\w+"
)
SHARED = ("AWS::IAM::ManagedPolicy", "AWS::IAM::Policy")
OWN_ROLES = ":role/${ProjectName}/${EnvironmentName}/*"
LOOKING = re.compile(
    r"\w+:((BatchGet|Describe|Get|List)\w+|(Create|Delete)ChangeSet)"
    r"|cloudformation:TagResource|kms:Decrypt"
)
REASON = re.compile(r"(\S+\s+){3,}\S+\.")


def read(file: Path) -> Template:
    """A template as plain dictionaries, its short tags written out."""
    template, problems = decode(str(file))
    assert not problems, problems
    return json.loads(json.dumps(template))


def problems_of(template: Template) -> list[str]:
    """What our rules find and no suppression covers; suppressions that cover nothing, too."""
    spared = {(one["id"], name) for name, one in suppressions(template, "policy")}
    found = [(rule.__name__, name, said) for rule in RULES for name, said in rule(template)]
    problems = [
        f"{name}: {said} ({rule})" for rule, name, said in found if (rule, name) not in spared
    ]
    idle = spared - {(rule, name) for rule, name, _ in found}
    return problems + [f"{name}: suppressing {rule} is idle" for rule, name in sorted(idle)]


def suppressions(template: Template, tool: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every entry of a tool's ``skip`` list, with the resource that has it."""
    for name, resource in template["Resources"].items():
        for one in resource.get("Metadata", {}).get(tool, {}).get("skip", []):
            yield name, one


# Names, tags, parameters


def nothing_of_one_place(template: Template) -> Iterator[Finding]:
    """Regions, accounts and partitions come from pseudo parameters."""
    parts = {**template["Resources"], "Outputs": template.get("Outputs", {})}
    parts |= template.get("Parameters", {})
    for name, part in parts.items():
        for text in _texts(part):
            for kind, pattern in OF_A_PLACE.items():
                if match := pattern.search(text):
                    yield name, f"the {kind} {match[0]!r} is written into it"


def names_are_made(template: Template) -> Iterator[Finding]:
    """A name says which project and environment it belongs to, so two can share an account."""
    for name, _, properties in _resources(template):
        for key in PHYSICAL_NAMES:
            if isinstance(properties.get(key), str):
                yield name, f"its {key} {properties[key]!r} is the same in every environment"


def parameters_are_used(template: Template) -> Iterator[Finding]:
    parts = {key: value for key, value in template.items() if key != "Parameters"}
    used = {one["Ref"] for one in _parts(parts) if isinstance(one, dict) and "Ref" in one}
    used |= {name for text in _texts(parts) for name in re.findall(r"\$\{(\w+)\}", text)}
    for name in template.get("Parameters", {}):
        if name not in used:
            yield name, "no resource uses this parameter"


def resources_are_tagged(template: Template) -> Iterator[Finding]:
    for name, kind, properties in _resources(template):
        if _taggable(kind):
            for key, value in TAGS.items():
                if _tags(properties).get(key) != value:
                    yield name, f"it is not tagged with the {key}"


def suppressions_have_reasons(template: Template) -> Iterator[Finding]:
    """A reason is a sentence: four words and a full stop."""
    for tool in ("checkov", "policy"):
        for name, one in suppressions(template, tool):
            if not REASON.fullmatch(one.get("comment", "")):
                yield name, f"{one['id']} is suppressed without a reason"
    for name, part in {"the template": template, **template["Resources"]}.items():
        settings = part.get("Metadata", {}).get("cfn-lint", {})
        reasons = settings.get("reasons", {})
        for rule in settings.get("config", {}).get("ignore_checks", []):
            if not REASON.fullmatch(reasons.get(rule, "")):
                yield name, f"{rule} is suppressed without a reason"


# What is stored


def buckets_are_versioned(template: Template) -> Iterator[Finding]:
    for name, properties in _of_type(template, "AWS::S3::Bucket"):
        if _at(properties, "VersioningConfiguration.Status") != "Enabled":
            yield name, "the bucket is not versioned"


def buckets_are_encrypted(template: Template) -> Iterator[Finding]:
    for name, properties in _of_type(template, "AWS::S3::Bucket"):
        rules = _at(properties, "BucketEncryption.ServerSideEncryptionConfiguration") or []
        if not any(_at(rule, "ServerSideEncryptionByDefault.KMSMasterKeyID") for rule in rules):
            yield name, "the bucket is not encrypted by our key"


def buckets_are_private(template: Template) -> Iterator[Finding]:
    for name, properties in _of_type(template, "AWS::S3::Bucket"):
        blocked = properties.get("PublicAccessBlockConfiguration", {})
        if missing := [key for key in PUBLIC_ACCESS if blocked.get(key) is not True]:
            yield name, f"public access is not blocked: {', '.join(missing)}"


def buckets_ask_for_tls(template: Template) -> Iterator[Finding]:
    guarded = [
        properties["Bucket"]
        for _, properties in _of_type(template, "AWS::S3::BucketPolicy")
        for one in properties["PolicyDocument"]["Statement"]
        if one["Effect"] == "Deny"
        and _at(one, "Condition.Bool") == {"aws:SecureTransport": "false"}
    ]
    for name, _ in _of_type(template, "AWS::S3::Bucket"):
        if {"Ref": name} not in guarded:
            yield name, "no policy denies requests without TLS"


def images_are_immutable(template: Template) -> Iterator[Finding]:
    for name, properties in _of_type(template, "AWS::ECR::Repository"):
        if properties.get("ImageTagMutability") != "IMMUTABLE":
            yield name, "a tag can be moved to another image"


def images_are_scanned(template: Template) -> Iterator[Finding]:
    for name, properties in _of_type(template, "AWS::ECR::Repository"):
        if _at(properties, "ImageScanningConfiguration.ScanOnPush") is not True:
            yield name, "images are not scanned on push"


MANY = 100


def only_ci_images_expire(template: Template) -> Iterator[Finding]:
    """A released image stays as long as a model may need it: it is named by an earlier rule."""
    for name, properties in _of_type(template, "AWS::ECR::Repository"):
        text = _at(properties, "LifecyclePolicy.LifecyclePolicyText")
        rules = sorted(json.loads(text)["rules"] if text else [], key=lambda r: r["rulePriority"])
        prefixes = [_at(rule, "selection.tagPrefixList") for rule in rules]
        if prefixes != [["release-"], ["ci-"]] or _at(rules[0], "selection.countNumber") < MANY:
            yield name, "its lifecycle expires other than unused images"


def what_is_stored_is_encrypted(template: Template) -> Iterator[Finding]:
    for kind, paths in ENCRYPTED_BY.items():
        for name, properties in _of_type(template, kind):
            if not any(_at(properties, path) for path in paths):
                yield name, f"it is not encrypted: {' or '.join(paths)} is missing"


def keys_rotate(template: Template) -> Iterator[Finding]:
    for name, properties in _of_type(template, "AWS::KMS::Key"):
        if properties.get("EnableKeyRotation") is not True:
            yield name, "the key does not rotate"


def what_cannot_be_made_again_is_kept(template: Template) -> Iterator[Finding]:
    for name, resource in template["Resources"].items():
        policies = {resource.get(key) for key in ("DeletionPolicy", "UpdateReplacePolicy")}
        if resource["Type"] in KEPT and policies != {"Retain"}:
            yield name, "it is removed with its stack"


# Who may do what


def actions_are_named(template: Template) -> Iterator[Finding]:
    for name, statement in _granted(template):
        for action in _listed(statement.get("Action", "*")):
            if "*" in action:
                yield name, f"{_sid(statement)} allows {action}"


def resources_are_named(template: Template) -> Iterator[Finding]:
    """``*`` only for actions that AWS lets nobody narrow."""
    for name, statement in _granted(template):
        if "*" in _listed(statement.get("Resource", "*")):
            for action in _listed(statement.get("Action", "*")):
                if not ON_EVERYTHING.fullmatch(action):
                    yield name, f"{_sid(statement)} allows {action} on every resource"


def metrics_have_a_namespace(template: Template) -> Iterator[Finding]:
    """PutMetricData knows no resource, only namespaces."""
    for name, statement in _granted(template):
        narrowed = "cloudwatch:namespace" in _conditions(statement)
        if "cloudwatch:PutMetricData" in _listed(statement.get("Action")) and not narrowed:
            yield name, f"{_sid(statement)} allows metrics in every namespace"


def roles_are_passed_to_one_service(template: Template) -> Iterator[Finding]:
    for name, statement in _granted(template):
        if "iam:PassRole" not in _listed(statement.get("Action")):
            continue
        if "*" in json.dumps(statement.get("Resource", "*")).replace(OWN_ROLES, ""):
            yield name, f"{_sid(statement)} passes every role"
        if "iam:PassedToService" not in _conditions(statement):
            yield name, f"{_sid(statement)} passes a role to every service"


def roles_are_bounded(template: Template) -> Iterator[Finding]:
    """Pipelines deploy the stacks, so these make no role above the foundation's boundary."""
    if "Boundary" in template["Resources"]:
        return
    for name, properties in _of_type(template, "AWS::IAM::Role"):
        if properties.get("PermissionsBoundary") != {"Ref": "BoundaryArn"}:
            yield name, "the role has no boundary"
        if properties.get("Path") != {"Fn::Sub": "/${ProjectName}/${EnvironmentName}/"}:
            yield name, "the role is not below the project's path"


def pipelines_are_pinned_to_an_audience(template: Template) -> Iterator[Finding]:
    for name, statement in _federated(template):
        if _required(statement, ":aud") != ["${GitLabUrl}"]:
            yield name, "its trust is not pinned to the audience"


def pipelines_are_pinned_to_the_project(template: Template) -> Iterator[Finding]:
    for name, statement in _federated(template):
        subjects = _required(statement, ":sub") or [""]
        if not all(one.startswith("project_path:${GitLabProject}:") for one in subjects):
            yield name, "its trust is not pinned to the project"


def pipelines_are_pinned_to_the_protected_ref(template: Template) -> Iterator[Finding]:
    for name, statement in _federated(template):
        subjects = _required(statement, ":sub", "StringEquals") or [""]
        if not all(one.endswith(":ref_type:branch:ref:${ProtectedRef}") for one in subjects):
            yield name, "its trust is not pinned to the protected ref"


def branches_only_look(template: Template) -> Iterator[Finding]:
    """What any branch may do changes nothing; a change set does not, until it is executed."""
    open_to_all = {name for name, _ in pipelines_are_pinned_to_the_protected_ref(template)}
    open_to_all |= {one for role in open_to_all for one in shared_by(template, role)}
    for name, statement in _granted(template):
        for action in _listed(statement.get("Action", "*")):
            if name in open_to_all and not LOOKING.fullmatch(action):
                yield name, f"{_sid(statement)} allows {action} to every branch"


def services_act_for_this_account(template: Template) -> Iterator[Finding]:
    """A service that a key, queue, topic or bucket lets in could be sent by another account."""
    for name, statement in _let_in(template):
        if "Service" in statement["Principal"] and not set(BOUND_BY) & _conditions(statement):
            yield name, f"{_sid(statement)} lets a service in for every account"


def nobody_is_everybody(template: Template) -> Iterator[Finding]:
    for name, statement in _let_in(template):
        if statement["Principal"] in ("*", {"AWS": "*"}):
            yield name, f"{_sid(statement)} lets everybody in"


# What runs, and who hears of it


def logs_end(template: Template) -> Iterator[Finding]:
    for name, properties in _of_type(template, "AWS::Logs::LogGroup"):
        if "RetentionInDays" not in properties:
            yield name, "its log is kept for ever"


def functions_log_into_a_group_of_ours(template: Template) -> Iterator[Finding]:
    """Lambda makes a group without retention and key where there is none."""
    groups = [
        json.dumps(properties.get("LogGroupName"))
        for _, properties in _of_type(template, "AWS::Logs::LogGroup")
    ]
    for name, properties in _of_type(template, "AWS::Lambda::Function"):
        called = _at(properties, "FunctionName.Fn::Sub")
        if json.dumps({"Fn::Sub": f"/aws/lambda/{called}"}) not in groups:
            yield name, "no log group is made for the function"


def functions_leave_what_failed(template: Template) -> Iterator[Finding]:
    handled = [
        properties["FunctionName"]
        for _, properties in _of_type(template, "AWS::Lambda::EventInvokeConfig")
        if _at(properties, "DestinationConfig.OnFailure.Destination")
    ]
    for name, properties in _of_type(template, "AWS::Lambda::Function"):
        if not _at(properties, "DeadLetterConfig.TargetArn") and {"Ref": name} not in handled:
            yield name, "events that the function fails on are lost"


def callers_of_functions_are_named(template: Template) -> Iterator[Finding]:
    for name, properties in _of_type(template, "AWS::Lambda::Permission"):
        if not properties.get("SourceArn"):
            yield name, f"any {properties.get('Principal')} may call the function: no SourceArn"


def rules_leave_what_failed(template: Template) -> Iterator[Finding]:
    for name, properties in _of_type(template, "AWS::Events::Rule"):
        for target in properties.get("Targets", []):
            if not _at(target, "DeadLetterConfig.Arn"):
                yield name, f"events that target {target['Id']} does not take are lost"


def state_machines_are_traced(template: Template) -> Iterator[Finding]:
    for name, properties in _of_type(template, "AWS::StepFunctions::StateMachine"):
        if _at(properties, "TracingConfiguration.Enabled") is not True:
            yield name, "the state machine is not traced"


def state_machines_log(template: Template) -> Iterator[Finding]:
    for name, properties in _of_type(template, "AWS::StepFunctions::StateMachine"):
        level = _at(properties, "LoggingConfiguration.Level") or "OFF"
        if level == "OFF" or not _at(properties, "LoggingConfiguration.Destinations"):
            yield name, "the state machine writes no log"


def failures_ring(template: Template) -> Iterator[Finding]:
    """An alarm for every state machine that fails, and for every queue of what failed."""
    watched = [
        (properties.get("MetricName"), dimension["Value"])
        for _, properties in _of_type(template, "AWS::CloudWatch::Alarm")
        for dimension in properties.get("Dimensions", [])
    ]
    for name, _ in _of_type(template, "AWS::StepFunctions::StateMachine"):
        if ("ExecutionsFailed", {"Ref": name}) not in watched:
            yield name, "no alarm rings when its executions fail"
    for name, _ in _of_type(template, "AWS::SQS::Queue"):
        letters = {"Fn::GetAtt": [name, "QueueName"]}
        if ("ApproximateNumberOfMessagesVisible", letters) not in watched:
            yield name, "no alarm rings when something lies in it"


def alarms_tell_somebody(template: Template) -> Iterator[Finding]:
    for name, properties in _of_type(template, "AWS::CloudWatch::Alarm"):
        if not properties.get("AlarmActions"):
            yield name, "the alarm has no action"


RULES: tuple[Rule, ...] = (
    nothing_of_one_place,
    names_are_made,
    parameters_are_used,
    resources_are_tagged,
    suppressions_have_reasons,
    buckets_are_versioned,
    buckets_are_encrypted,
    buckets_are_private,
    buckets_ask_for_tls,
    images_are_immutable,
    images_are_scanned,
    only_ci_images_expire,
    what_is_stored_is_encrypted,
    keys_rotate,
    what_cannot_be_made_again_is_kept,
    actions_are_named,
    resources_are_named,
    metrics_have_a_namespace,
    roles_are_passed_to_one_service,
    roles_are_bounded,
    pipelines_are_pinned_to_an_audience,
    pipelines_are_pinned_to_the_project,
    pipelines_are_pinned_to_the_protected_ref,
    branches_only_look,
    services_act_for_this_account,
    nobody_is_everybody,
    logs_end,
    functions_log_into_a_group_of_ours,
    functions_leave_what_failed,
    callers_of_functions_are_named,
    rules_leave_what_failed,
    state_machines_are_traced,
    state_machines_log,
    failures_ring,
    alarms_tell_somebody,
)


# Walking through a template


def _resources(template: Template) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for name, resource in template["Resources"].items():
        yield name, resource["Type"], resource.get("Properties", {})


def _of_type(template: Template, wanted: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, kind, properties in _resources(template):
        if kind == wanted:
            yield name, properties


def _granted(template: Template) -> Iterator[tuple[str, dict[str, Any]]]:
    """What roles are allowed, by policies of their own and by those that they share."""
    for name, kind, properties in _resources(template):
        own = properties.get("Policies", []) if kind == "AWS::IAM::Role" else []
        for policy in [properties] if kind in SHARED else own:
            for statement in policy["PolicyDocument"]["Statement"]:
                if statement["Effect"] == "Allow":
                    yield name, statement


def shared_by(template: Template, role: str) -> Iterator[str]:
    """The policies of the template that a role has beside its own."""
    for one in _listed(template["Resources"][role]["Properties"].get("ManagedPolicyArns", [])):
        if "Ref" in one:
            yield one["Ref"]


def _let_in(template: Template) -> Iterator[tuple[str, dict[str, Any]]]:
    """Whom keys, buckets, queues and topics let in."""
    for name, _, properties in _resources(template):
        document = properties.get("KeyPolicy") or properties.get("PolicyDocument") or {}
        for statement in document.get("Statement", []):
            if statement["Effect"] == "Allow" and "Principal" in statement:
                yield name, statement


def _federated(template: Template) -> Iterator[tuple[str, dict[str, Any]]]:
    """How pipelines take roles."""
    for name, properties in _of_type(template, "AWS::IAM::Role"):
        document = properties["AssumeRolePolicyDocument"]
        if "Fn::Sub" in document:
            document = json.loads(_listed(document["Fn::Sub"])[0])
        for statement in document["Statement"]:
            if "Federated" in statement["Principal"]:
                yield name, statement


def _required(statement: dict[str, Any], ending: str, operators: str = "String") -> list[str]:
    """The values that a statement demands of a condition key."""
    return [
        value
        for operator, demands in statement.get("Condition", {}).items()
        if operator.startswith(operators)
        for key, values in demands.items()
        if key.endswith(ending)
        for value in _listed(values)
    ]


def _conditions(statement: dict[str, Any]) -> set[str]:
    return {key for operator in statement.get("Condition", {}).values() for key in operator}


def _sid(statement: dict[str, Any]) -> str:
    return statement.get("Sid", "a statement")


@cache
def _taggable(kind: str) -> bool:
    """By CloudFormation's own schema of the type."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    return schema.get("tagging", {}).get("taggable", False)


def _tags(properties: dict[str, Any]) -> dict[str, Any]:
    tags = properties.get("Tags", {})
    return tags if isinstance(tags, dict) else {one["Key"]: one["Value"] for one in tags}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _at(value: Any, path: str) -> Any:
    """What lies at a dotted path; None where nothing does."""
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _texts(value: Any) -> Iterator[str]:
    """Every text in a value."""
    return (one for one in _parts(value) if isinstance(one, str))


def _parts(value: Any) -> Iterator[Any]:
    """A value and all that is in it."""
    yield value
    inner = [*value.values()] if isinstance(value, dict) else value
    for one in inner if isinstance(inner, list) else ():
        yield from _parts(one)
