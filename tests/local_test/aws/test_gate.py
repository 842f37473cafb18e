"""The door of the local AWS: what is refused by name, what is answered, and what steers it."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from local_test.aws.calls import table
from local_test.aws.server import LocalAws
from tests.local_test.aws.account import Account, told
from tests.local_test.aws.hosting import ROLE
from tests.local_test.conftest import SCALE

Call = Callable[[Any], Any]
NO_SERVICE: dict[str, Call] = {
    "batch": lambda client: client.describe_job_queues(),
    "ec2": lambda client: client.describe_instances(),
    "glue": lambda client: client.get_databases(),
    "kinesis": lambda client: client.list_streams(),
    "redshift": lambda client: client.describe_clusters(),
    "scheduler": lambda client: client.list_schedules(),
    "secretsmanager": lambda client: client.list_secrets(),
}
NO_CALL: dict[tuple[str, str], Call] = {
    ("application-autoscaling", "PutScheduledAction"): lambda client: client.put_scheduled_action(
        ServiceNamespace="sagemaker",
        ResourceId="endpoint/e/variant/v",
        ScalableDimension="sagemaker:variant:DesiredInstanceCount",
        ScheduledActionName="a",
    ),
    ("cloudformation", "ListStackSets"): lambda client: client.list_stack_sets(),
    ("cloudwatch", "PutDashboard"): lambda client: client.put_dashboard(
        DashboardName="d", DashboardBody="{}"
    ),
    ("dynamodb", "ListBackups"): lambda client: client.list_backups(),
    ("ecr", "InitiateLayerUpload"): lambda client: client.initiate_layer_upload(
        repositoryName="penguins"
    ),
    ("events", "CreateEventBus"): lambda client: client.create_event_bus(Name="b"),
    ("iam", "CreateUser"): lambda client: client.create_user(UserName="u"),
    ("kms", "Encrypt"): lambda client: client.encrypt(KeyId="k", Plaintext=b"secret"),
    ("lambda", "ListLayers"): lambda client: client.list_layers(),
    ("lambda", "CreateEventSourceMapping"): lambda client: client.create_event_source_mapping(
        FunctionName="f", EventSourceArn="arn:aws:sqs:us-east-1:123456789012:q"
    ),
    ("lambda", "PutFunctionConcurrency"): lambda client: client.put_function_concurrency(
        FunctionName="f", ReservedConcurrentExecutions=1
    ),
    ("logs", "StartQuery"): lambda client: client.start_query(
        logGroupName="g", startTime=0, endTime=1, queryString="fields @message"
    ),
    ("s3", "GetBucketReplication"): lambda client: client.get_bucket_replication(Bucket="shop"),
    ("s3", "PutBucketLifecycleConfiguration"): (
        lambda client: client.put_bucket_lifecycle_configuration(
            Bucket="shop",
            LifecycleConfiguration={"Rules": [{"Status": "Enabled", "Filter": {"Prefix": ""}}]},
        )
    ),
    ("s3", "PutBucketWebsite"): lambda client: client.put_bucket_website(
        Bucket="shop", WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}}
    ),
    ("s3", "PutObjectAcl"): lambda client: client.put_object_acl(
        Bucket="shop", Key="a", ACL="public-read"
    ),
    ("sagemaker", "CreateNotebookInstance"): lambda client: client.create_notebook_instance(
        NotebookInstanceName="n", InstanceType="ml.t2.medium", RoleArn=ROLE
    ),
    ("sagemaker", "ListFeatureGroups"): lambda client: client.list_feature_groups(),
    ("sns", "CreatePlatformApplication"): lambda client: client.create_platform_application(
        Name="n", Platform="GCM", Attributes={}
    ),
    ("sqs", "SendMessageBatch"): lambda client: client.send_message_batch(
        QueueUrl="http://localhost/123456789012/q", Entries=[{"Id": "1", "MessageBody": "m"}]
    ),
    ("ssm", "SendCommand"): lambda client: client.send_command(DocumentName="d"),
    ("stepfunctions", "CreateActivity"): lambda client: client.create_activity(name="a"),
    ("sts", "GetSessionToken"): lambda client: client.get_session_token(),
    ("xray", "GetSamplingRules"): lambda client: client.get_sampling_rules(),
}


@pytest.fixture
def account(aws: LocalAws) -> Account:
    return Account(aws)


def signed(account: Account, target: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Status and answer of a call that boto3 itself would not make."""
    service = target.partition(".")[0].lower()
    request = AWSRequest(
        "POST",
        f"{account.world.url}/",
        {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"},
        json.dumps(body).encode(),
    )
    SigV4Auth(Credentials("local", "local"), service, "us-east-1").add_auth(request)
    sent = urllib.request.Request(request.url, request.body, dict(request.headers))
    try:
        with urllib.request.urlopen(sent) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


# What nobody answers


@pytest.mark.parametrize("service", NO_SERVICE)
def test_a_service_outside_the_table_is_refused_by_name(account: Account, service: str) -> None:
    with pytest.raises(ClientError, match=f"The local AWS has no {service}. It has app") as refused:
        NO_SERVICE[service](account.client(service))
    assert refused.value.response["Error"]["Code"] == "NotImplemented"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


@pytest.mark.parametrize(("service", "call"), NO_CALL)
def test_a_call_outside_the_table_is_refused_by_name(
    account: Account, service: str, call: str
) -> None:
    assert call not in table()[service]
    said = f"The local AWS does not answer {service} {call}. Of {service} it answers "
    with pytest.raises(ClientError, match=said) as refused:
        NO_CALL[service, call](account.client(service))
    assert refused.value.response["Error"]["Code"] == "NotImplemented"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert next(iter(sorted(table()[service]))) in str(refused.value), "it says what there is"


def test_a_runtime_that_is_not_there_is_refused(account: Account) -> None:
    store = account.client("sagemaker-featurestore-runtime")
    with pytest.raises(ClientError, match="does not answer sagemaker this call"):
        store.get_record(FeatureGroupName="flats", RecordIdentifierValueAsString="1")


# Parameters


@pytest.mark.parametrize(
    ("call", "parameters", "said"),
    [
        ("ListModels", {"MaxResult": 5}, 'Unknown parameter in input: "MaxResult"'),
        (
            "ListModels",
            {"MaxResults": 1000},
            "Value 1000 at 'MaxResults' failed to satisfy constraint: Member must have value less "
            "than or equal to 100",
        ),
        ("ListModels", {"SortOrder": "Up"}, "SortOrder: 'Up' is none of Ascending, Descending"),
        (
            "CreateModel",
            {"ModelName": "under_score", "ExecutionRoleArn": ROLE},
            "Value 'under_score' at 'ModelName' failed to satisfy constraint: Member must satisfy "
            "regular expression pattern",
        ),
        ("DescribeModel", {}, 'Missing required parameter in input: "ModelName"'),
        ("DescribeModel", {"ModelName": 5}, "Invalid type for parameter ModelName, value: 5"),
    ],
)
def test_what_the_service_model_forbids_is_refused(
    account: Account, call: str, parameters: dict[str, Any], said: str
) -> None:
    status, answer = signed(account, f"SageMaker.{call}", parameters)
    assert status == 400
    assert answer["__type"] == "ValidationException"
    assert "1 validation error detected: " in answer["message"]
    assert said in answer["message"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"ScheduleExpression": "rate(5 parsecs)"}, "ScheduleExpression is not valid"),
        ({"ScheduleExpression": "rate(0 minutes)"}, "ScheduleExpression is not valid"),
        ({"ScheduleExpression": "cron(* * * *)"}, "with six fields"),
        ({"ScheduleExpression": "cron(0 6 * * * *)"}, "One of day of month and day of week"),
        ({"ScheduleExpression": "cron(61 6 * * ? *)"}, "61 is not within 0 and 59"),
        ({"ScheduleExpression": "cron(six 6 * * ? *)"}, "ScheduleExpression is not valid"),
        ({"EventPattern": "{"}, "Event pattern is not valid"),
        ({"EventPattern": '{"source": "aws.s3"}'}, "'source' must be an object or an array"),
        ({"EventPattern": '{"source": [{"prefixx": "a"}]}'}, "Unrecognized match type prefixx"),
        (
            {"EventPattern": '{"$or": [{"detail": {"a": [{"glob": "*"}]}}]}'},
            "Unrecognized match type glob",
        ),
    ],
)
def test_rules_that_nothing_would_come_of_are_refused(
    account: Account, given: dict[str, str], said: str
) -> None:
    events = account.client("events")
    with pytest.raises(ClientError, match=said):
        events.put_rule(Name="wrong", **given)
    assert events.list_rules()["Rules"] == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"ComparisonOperator": "LessThanLowerOrGreaterThanUpperThreshold"}, "LessThanLower"),
        ({"Statistic": "Median"}, "Statistic Median"),
        ({"TreatMissingData": "whatever"}, "TreatMissingData whatever"),
    ],
)
def test_alarms_that_would_not_be_evaluated_are_refused(
    account: Account, given: dict[str, str], said: str
) -> None:
    alarm = {
        "AlarmName": "wrong",
        "Namespace": "Shop",
        "MetricName": "Orders",
        "ComparisonOperator": "GreaterThanThreshold",
        "Statistic": "Sum",
        "Threshold": 1.0,
        "Period": 60,
        "EvaluationPeriods": 1,
    }
    metrics = account.client("cloudwatch")
    for refused in ({**alarm, **given}, _without_statistic(alarm)):
        with pytest.raises(ClientError, match="none that the local AWS evaluates"):
            metrics.put_metric_alarm(**refused)
    with pytest.raises(ClientError, match=said):
        metrics.put_metric_alarm(**{**alarm, **given})
    assert metrics.describe_alarms()["MetricAlarms"] == []


def _without_statistic(alarm: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in alarm.items() if name != "Statistic"}
    return {**kept, "ExtendedStatistic": "p99"}


# What is answered


def test_what_is_put_is_there_in_its_region_only_and_is_found_again(account: Account) -> None:
    world = account.world
    here, there = world.client("ssm"), world.client("ssm", "eu-west-1")
    here.put_parameter(Name="/shop/image", Value="v1", Type="String")
    assert here.get_parameter(Name="/shop/image")["Parameter"]["Value"] == "v1"
    with pytest.raises(here.exceptions.ParameterAlreadyExists):
        here.put_parameter(Name="/shop/image", Value="v2", Type="String")
    with pytest.raises(there.exceptions.ParameterNotFound):
        there.get_parameter(Name="/shop/image")


def test_a_conditional_put_takes_once(account: Account) -> None:
    table_of_locks = account.client("dynamodb")
    table_of_locks.create_table(
        TableName="locks",
        KeySchema=[{"AttributeName": "name", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "name", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    put = {
        "TableName": "locks",
        "Item": {"name": {"S": "shop"}},
        "ConditionExpression": "attribute_not_exists(#name)",
        "ExpressionAttributeNames": {"#name": "name"},
    }
    table_of_locks.put_item(**put)
    with pytest.raises(table_of_locks.exceptions.ConditionalCheckFailedException):
        table_of_locks.put_item(**put)


def test_a_large_upload_in_parts_is_one_object_with_versions(account: Account) -> None:
    s3 = account.client("s3")
    s3.create_bucket(Bucket="parts")
    s3.put_bucket_versioning(Bucket="parts", VersioningConfiguration={"Status": "Enabled"})
    upload = s3.create_multipart_upload(Bucket="parts", Key="big")["UploadId"]
    sent = [b"a" * 5_242_880, b"b"]
    etags = [
        s3.upload_part(Bucket="parts", Key="big", UploadId=upload, PartNumber=n, Body=body)["ETag"]
        for n, body in enumerate(sent, 1)
    ]
    parts = [{"PartNumber": n, "ETag": etag} for n, etag in enumerate(etags, 1)]
    s3.complete_multipart_upload(
        Bucket="parts", Key="big", UploadId=upload, MultipartUpload={"Parts": parts}
    )
    first = s3.head_object(Bucket="parts", Key="big")
    assert first["ContentLength"] == 5_242_881
    s3.put_object(Bucket="parts", Key="big", Body=b"small")
    assert s3.get_object(Bucket="parts", Key="big")["Body"].read() == b"small"
    old = s3.get_object(Bucket="parts", Key="big", VersionId=first["VersionId"])
    assert old["Body"].read() == b"".join(sent)


def test_a_package_group_is_deleted_after_its_packages(account: Account) -> None:
    registry = account.client("sagemaker")
    registry.create_model_package_group(ModelPackageGroupName="flats")
    arn = registry.create_model_package(
        ModelPackageGroupName="flats", ModelApprovalStatus="PendingManualApproval"
    )["ModelPackageArn"]
    registry.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
    assert registry.describe_model_package(ModelPackageName=arn)["ModelApprovalStatus"] == (
        "Approved"
    )
    with pytest.raises(ClientError, match="still holds 1 packages"):
        registry.delete_model_package_group(ModelPackageGroupName="flats")
    registry.delete_model_package(ModelPackageName=arn)
    registry.delete_model_package_group(ModelPackageGroupName="flats")
    assert registry.list_model_package_groups()["ModelPackageGroupSummaryList"] == []


# What steers it


def test_the_clock_is_moved_forward_and_tells_the_time(account: Account) -> None:
    before = account.world.clock.time()
    status, answer = told(account.world.url, "clock", b'{"advance": 3600}')
    assert status == 200
    now = datetime.fromisoformat(answer["now"]).timestamp()
    assert before + 3599 <= now <= account.world.clock.time()
    status, again = told(account.world.url, "clock", b"")
    assert status == 200
    assert 0 <= datetime.fromisoformat(again["now"]).timestamp() - now < 60


@pytest.mark.parametrize(
    ("action", "body", "status", "said"),
    [
        ("clock", b"{", 400, "Expecting property name"),
        ("clock", b"[]", 400, "Send a JSON object."),
        ("clock", b'{"advance": "soon"}', 400, "could not convert"),
        ("clock", b'{"advance": null}', 400, "must be a string or a real number"),
        ("clock", b'{"advance": NaN}', 400, "NaN"),
        ("clock", b'{"advance": 1e300}', 400, "too large"),
        ("clock", b'{"advance": -5}', 400, "The clock moves forward only."),
        ("image", b"{}", 400, "source is missing."),
        ("story", b'{"region": "us-east-1"}', 400, "endpoint is missing."),
        ("nothing", b"", 404, "there are clock, image, reset, story."),
    ],
)
def test_what_does_not_steer_it_is_refused(
    account: Account, action: str, body: bytes, status: int, said: str
) -> None:
    before = account.world.clock.time()
    answered, answer = told(account.world.url, action, body)
    assert answered == status
    assert said in answer["error"]
    assert 0 <= account.world.clock.time() - before < 60


def image(source: Any, repository: str = "scale") -> bytes:
    given = {"source": str(source), "repository": repository, "tag": "v1", "region": "us-east-1"}
    return json.dumps(given).encode()


def test_an_image_is_registered_and_is_in_ecr(account: Account) -> None:
    status, answer = told(account.world.url, "image", image(SCALE))
    assert status == 200
    assert ".dkr.ecr.us-east-1.amazonaws.com/scale@sha256:" in answer["image"]
    assert told(account.world.url, "image", image(SCALE)) == (status, answer), "it is the same"
    (found,) = account.client("ecr").describe_images(repositoryName="scale")["imageDetails"]
    assert found["imageTags"] == ["v1"]
    assert answer["image"].endswith(found["imageDigest"])


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (image("/nowhere"), "/nowhere has no algorithm.toml"),
        (image(SCALE.parent), "has no algorithm.toml"),
        (image(SCALE, "UPPER"), "repositoryName"),
        (image(SCALE, "r"), "repositoryName"),
    ],
)
def test_an_image_that_cannot_be_is_refused(account: Account, body: bytes, said: str) -> None:
    status, answer = told(account.world.url, "image", body)
    assert status == 400
    assert said in answer["error"]
    assert account.client("ecr").describe_repositories()["repositories"] == []


def test_a_reset_forgets_everything_everywhere(account: Account) -> None:
    world = account.world
    account.machine("waiting", {"Wait": {"Type": "Wait", "Seconds": 60, "End": True}})
    account.function("idle", "def handler(event, context):\n    return 1\n")
    account.invoke("idle")
    account.queue("letters")
    account.client("events").put_rule(Name="hourly", ScheduleExpression="rate(1 hour)")
    account.client("s3").create_bucket(Bucket="shop")
    account.client("cloudwatch").put_metric_data(
        Namespace="Shop", MetricData=[{"MetricName": "Orders", "Value": 1}]
    )
    world.client("sqs", "eu-west-1").create_queue(QueueName="there")
    told(world.url, "image", image(SCALE))
    assert told(world.url, "reset", b"") == (200, {})
    left = {
        "stepfunctions": account.client("stepfunctions").list_state_machines()["stateMachines"],
        "lambda": account.client("lambda").list_functions()["Functions"],
        "sqs": account.client("sqs").list_queues().get("QueueUrls", []),
        "sqs there": world.client("sqs", "eu-west-1").list_queues().get("QueueUrls", []),
        "events": account.client("events").list_rules()["Rules"],
        "s3": account.client("s3").list_buckets()["Buckets"],
        "cloudwatch": account.client("cloudwatch").list_metrics()["Metrics"],
        "ecr": account.client("ecr").describe_repositories()["repositories"],
        "iam": account.client("iam").list_roles()["Roles"],
        "logs": account.client("logs").describe_log_groups()["logGroups"],
    }
    assert not any(left.values()), left
    assert list((world.scratch / "functions").iterdir()) == []


def test_nothing_has_a_story_that_was_never_there(account: Account) -> None:
    body = b'{"region": "us-east-1", "endpoint": "never"}'
    assert told(account.world.url, "story", body) == (200, {"story": []})
