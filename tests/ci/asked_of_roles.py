"""What roles are asked for beside their jobs' calls: what they must refuse, and what AWS does."""

import re
from collections.abc import Iterator

from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from tests.ci import policy
from tests.ci.calls import FOR_AWS
from tests.ci.environment_of_shop import PROJECT
from tests.ci.pipeline_of_shop import RELEASE, STACK, Pipelines
from tests.ci.simulation import Request, Role

BY_PIPELINES = ("retraining", "monitoring")
# Parts of CloudFormation's handlers that our templates do not use.
UNUSED = re.compile(
    r"iam:((Attach|Detach)RolePolicy|DeleteRolePermissionsBoundary|CreateServiceLinkedRole)"
    r"|(ec2|elasticfilesystem|s3files|kinesis|firehose):\w+|s3:REST.*"
    r"|kms:(RevokeGrant|ListAliases)|sns:PutDataProtectionPolicy"
    r"|lambda:(AssociateRuntimeAlias|GetCodeSigningConfig|GetLayerVersion|PassCapacityProvider"
    r"|PublishVersion|\w+FunctionConcurrency|(Put|Delete)FunctionCodeSigningConfig"
    r"|Put(FunctionRecursion|FunctionScaling|RuntimeManagement)Config)"
    r"|dynamodb:(\w+Item|Query|Scan|ImportTable|DescribeImport|(Put|Delete)ResourcePolicy"
    r"|(Associate|Create)TableReplica|(En|Dis)ableKinesisStreamingDestination"
    r"|Update(ContinuousBackups|ContributorInsights|KinesisStreamingDestination|TimeToLive))"
    r"|logs:(CreateLogDelivery|(Put|Delete)(DataProtection|Index|Resource)Policy"
    r"|PutBearerTokenAuthentication|PutLogGroupDeletionProtection)"
)
OF_A_TYPE = {  # the services that our use of a type is about; all where none is named
    "AWS::DynamoDB::Table": ("dynamodb", "kms"),
    "AWS::SNS::Subscription": ("sns",),
    "AWS::SNS::Topic": ("sns",),
}
PASSED_TO = {
    "AWS::Events::Rule": "events",
    "AWS::Lambda::Function": "lambda",
    "AWS::StepFunctions::StateMachine": "states",
}


def spare(role: Role, requests: list[Request]) -> set[str]:
    """The actions that a role names and no request is about."""
    return role.actions() - {one.action for one in requests}


def granted(role: Role) -> Iterator[Request]:
    """What a role's own policies are about, under their conditions."""
    for document in role.policies:
        for statement in document["Statement"]:
            context = {
                key: one if isinstance(one, str) else one[0]
                for demands in statement.get("Condition", {}).values()
                for key, one in demands.items()
            }
            resources = statement["Resource"]
            for resource in [resources] if isinstance(resources, str) else resources:
                concrete = resource if resource == "*" else resource.replace("*", "x")
                yield from (Request(action, concrete, context) for action in statement["Action"])


def handled(pipelines: Pipelines) -> list[Request]:
    """What CloudFormation does to resources of our types, by its own schemas of them."""
    found = []
    for stack in BY_PIPELINES:
        template = policy.read(PROJECT / f"ci/infra/{stack}.yaml")
        for kind in sorted({one["Type"] for one in template["Resources"].values()}):
            schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
            for name, handler in schema["handlers"].items():
                if name != "list":
                    found += [
                        _of_handler(pipelines, stack, kind, action)
                        for action in handler["permissions"]
                        if not UNUSED.fullmatch(action)
                        and action.partition(":")[0] in OF_A_TYPE.get(kind, action)
                    ]
    return found


def _of_handler(pipelines: Pipelines, stack: str, kind: str, action: str) -> Request:
    account, name = pipelines.account, f"{pipelines.shop.endpoint}-{stack}"
    service = action.partition(":")[0]
    role = next(iter(pipelines.roles(stack).values()))
    if action == "iam:PassRole":
        return account.passing(role.arn, PASSED_TO[kind])
    if service == "iam":
        return Request(action, role.arn, {"iam:PermissionsBoundary": boundary(pipelines)})
    if service == "kms":
        return Request(action, account.key, FOR_AWS if action == "kms:CreateGrant" else {})
    return Request(
        action,
        account.arn(
            service,
            {
                "cloudwatch": f"alarm:{name}-x",
                "dynamodb": f"table/{name}-x",
                "events": f"rule/{name}-x",
                "lambda": f"function:{name}-x",
                "logs": f"log-group:/aws/lambda/{name}-x",
                "s3": f"{pipelines.shop.bucket}/{'code' if 'Lambda' in kind else 'definitions'}/x",
                "sns": f"{name}-x",
                "sqs": f"{name}-x",
                "ssm": "parameter/shop/test/x",
                "states": f"stateMachine:{name}-x",
            }[service],
        ),
    )


def boundary(pipelines: Pipelines) -> str:
    return pipelines.shop.outputs("foundation")["BoundaryArn"]


def forbidden(pipelines: Pipelines) -> list[Request]:
    """What no pipeline may do."""
    arn, own = pipelines.account.arn, f"{pipelines.shop.bucket}"
    stack_role, release_role = (pipelines.role("foundation", one).arn for one in (STACK, RELEASE))
    execution_role = pipelines.role("foundation", "ExecutionRole").arn
    table = arn("dynamodb", f"table/{pipelines.resources('retraining')['Locks']}")
    return [
        *_of_other_environments(pipelines),
        *(
            Request(action, arn("sagemaker", "endpoint/shop-test"))
            for action in ("sagemaker:CreateEndpoint", "sagemaker:DeleteEndpoint")
        ),
        Request("sagemaker:DeleteModel", arn("sagemaker", "model/shop-test-x")),
        Request("sagemaker:CreateTrainingJob", arn("sagemaker", "training-job/shop-test-x")),
        Request("s3:GetObject", arn("s3", f"{own}/data/train/flats.csv")),
        Request("s3:PutObject", arn("s3", f"{own}/data/train/flats.csv")),
        Request("s3:PutObject", arn("s3", f"{own}/runs/x/model.tar.gz")),
        Request("s3:DeleteObject", arn("s3", f"{own}/lineage/shop-test/x.json")),
        Request("s3:PutBucketPolicy", arn("s3", own)),
        *(
            Request(f"dynamodb:{operation}", table, {"dynamodb:LeadingKeys": ["pending/shop-test"]})
            for operation in ("GetItem", "PutItem", "DeleteItem")
        ),
        *(
            Request(f"cloudformation:{operation}", _stack(pipelines, stack))
            for operation, stack in (
                ("ExecuteChangeSet", "shop-test-foundation"),
                ("UpdateStack", "shop-test-retraining"),
                ("DeleteStack", "shop-test-retraining"),
                ("SetStackPolicy", "shop-test-retraining"),
            )
        ),
        Request("iam:CreateUser", arn("iam", "user/eve")),
        Request("iam:CreateRole", arn("iam", "role/eve")),
        *(
            Request(f"iam:{operation}", role)
            for role in (stack_role, release_role, execution_role)
            for operation in ("AttachRolePolicy", "PutRolePolicy", "UpdateAssumeRolePolicy")
        ),
        pipelines.account.passing(stack_role, "lambda"),
        pipelines.account.passing(execution_role, "cloudformation"),
        pipelines.account.passing(execution_role, "lambda"),
        pipelines.account.passing(release_role, "cloudformation"),
        pipelines.account.passing(arn("iam", "role/admin"), "cloudformation"),
        *(
            Request(f"kms:{operation}", pipelines.account.key)
            for operation in ("ScheduleKeyDeletion", "DisableKey", "PutKeyPolicy", "CreateGrant")
        ),
        *(
            Request(f"ecr:{operation}", arn("ecr", "repository/shop-test"))
            for operation in ("DeleteRepository", "BatchDeleteImage", "SetRepositoryPolicy")
        ),
        Request("lambda:UpdateFunctionCode", arn("lambda", "function:shop-test-steps")),
        Request("lambda:InvokeFunction", arn("lambda", "function:shop-test-steps")),
        Request("states:StopExecution", arn("states", "execution:shop-test-retraining:x")),
        Request("secretsmanager:GetSecretValue", arn("secretsmanager", "secret:x-AbCdEf")),
        Request("sts:AssumeRole", arn("iam", "role/elsewhere")),
        Request("sts:AssumeRole", stack_role),
    ]


def _of_other_environments(pipelines: Pipelines) -> Iterator[Request]:
    arn = pipelines.account.arn
    for other in ("shop-production", "shop-testing"):
        environment = other.partition("-")[2]
        for operation in ("DescribeEndpoint", "UpdateEndpoint", "InvokeEndpoint"):
            yield Request(f"sagemaker:{operation}", arn("sagemaker", f"endpoint/{other}"))
        for operation in ("GetObject", "PutObject"):
            key = f"{other}-foundation-artifacts-x/images/x.json"
            yield Request(f"s3:{operation}", arn("s3", key))
        for operation in ("GetParameter", "PutParameter"):
            pointer = f"parameter/shop/{environment}/training-image"
            yield Request(f"ssm:{operation}", arn("ssm", pointer))
        for operation in ("GetItem", "PutItem"):
            table = arn("dynamodb", f"table/{other}-retraining-Locks-x")
            yield Request(f"dynamodb:{operation}", table)
            keys = {"dynamodb:LeadingKeys": [f"pointer/{other}"]}
            yield Request(f"dynamodb:{operation}", table, keys)
        yield Request("kms:Decrypt", arn("kms", f"key/of-{other}"))
        for operation in ("CreateChangeSet", "ExecuteChangeSet"):
            stack = _stack(pipelines, f"{other}-retraining")
            yield Request(f"cloudformation:{operation}", stack)
        machine = f"stateMachine:{other}-retraining"
        yield Request("states:StartExecution", arn("states", machine))
        yield Request("ecr:PutImage", arn("ecr", f"repository/{other}"))
        yield Request("cloudwatch:DeleteAlarms", arn("cloudwatch", f"alarm:{other}-x"))
        yield pipelines.account.passing(
            arn("iam", f"role/{other}-foundation-StackRole-x"), "cloudformation"
        )


def _stack(pipelines: Pipelines, name: str) -> str:
    return pipelines.account.arn("cloudformation", f"stack/{name}/0c1d")


def forbidden_to_stacks(pipelines: Pipelines) -> list[Request]:
    """What CloudFormation may not do, whatever a template says."""
    arn = pipelines.account.arn
    bounded = {"iam:PermissionsBoundary": boundary(pipelines)}
    elsewhere = {"iam:PermissionsBoundary": arn("iam", "policy/AdministratorAccess")}
    own = pipelines.role("retraining", "RunRole").arn
    above = [pipelines.role("foundation", one).arn for one in (STACK, RELEASE, "ExecutionRole")]
    return [
        *(
            Request(f"iam:{operation}", own, context)
            for operation in ("CreateRole", "PutRolePolicy", "PutRolePermissionsBoundary")
            for context in ({}, elsewhere)
        ),
        *(
            Request(f"iam:{operation}", role, bounded)
            for operation in ("CreateRole", "PutRolePolicy", "DeleteRolePolicy")
            for role in (*above, arn("iam", "role/shop/production/x"), arn("iam", "role/admin"))
        ),
        *(
            Request(f"iam:{operation}", own, bounded)
            for operation in ("AttachRolePolicy", "DeleteRolePermissionsBoundary")
        ),
        *(Request("iam:UpdateAssumeRolePolicy", role) for role in above),
        *(
            Request(f"iam:{operation}", boundary(pipelines))
            for operation in ("CreatePolicyVersion", "SetDefaultPolicyVersion", "DeletePolicy")
        ),
        Request("iam:CreateUser", arn("iam", "user/eve")),
        *(pipelines.account.passing(role, "lambda") for role in above),
        pipelines.account.passing(own, "ec2"),
        Request("sts:AssumeRole", above[1]),
        *(
            Request(f"kms:{operation}", pipelines.account.key)
            for operation in ("ScheduleKeyDeletion", "DisableKey", "PutKeyPolicy", "CreateGrant")
        ),
        Request("s3:DeleteBucket", arn("s3", pipelines.shop.bucket)),
        Request("s3:GetObject", arn("s3", f"{pipelines.shop.bucket}/data/train/flats.csv")),
        Request("ecr:DeleteRepository", arn("ecr", "repository/shop-test")),
        Request("sagemaker:UpdateEndpoint", arn("sagemaker", "endpoint/shop-test")),
        Request("lambda:InvokeFunction", arn("lambda", "function:shop-test-steps")),
        Request("lambda:UpdateFunctionCode", arn("lambda", "function:shop-production-steps")),
        Request(
            "states:DeleteStateMachine", arn("states", "stateMachine:shop-production-retraining")
        ),
        Request(
            "dynamodb:DeleteTable", arn("dynamodb", "table/shop-production-retraining-Locks-x")
        ),
        Request("ssm:PutParameter", arn("ssm", "parameter/shop/production/training-image")),
        Request("secretsmanager:GetSecretValue", arn("secretsmanager", "secret:x-AbCdEf")),
    ]
