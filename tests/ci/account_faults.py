"""An account of which nothing is wrong, and how to plant a fault in it, one for each check."""

import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ci.doctor.images import LABEL, MANIFEST
from local_test.aws.layers import Layers
from local_test.aws.server import LocalAws
from local_test.aws.world import ACCOUNT
from tests.ci.environment_of_shop import Shop

Undo = Callable[[], Any]
INDEX = "application/vnd.oci.image.index.v1+json"
OWN = ('region = "eu-west-1"', f'region = "eu-west-1"\naccount = "{ACCOUNT}"')
ACCESS = ("[triggers]", '[access]\ngitlab_project = "team/shop"\n[triggers]')
GOOD = {"os": "linux", "architecture": "amd64", "config": {"Labels": {LABEL: "true"}}}
QUOTAS = {
    "ml.m5.large for training job usage": 4.0,
    "ml.m5.large for processing job usage": 4.0,
    "ml.m5.large for endpoint usage": 4.0,
}


class Patient(Shop):
    """A shop of which nothing is wrong."""

    def __init__(self, aws: LocalAws, place: Path):
        super().__init__(aws, place)
        self.configure(OWN, ACCESS)
        self.upload("train", 40, seed=1)
        self.upload("test", 60, seed=2)
        self.world.quotas.update(QUOTAS)
        self.image = self.put_image(GOOD)
        self.point_at(self.image)

    def findings(self) -> dict[str, dict[str, str]]:
        """Check → what it has found."""
        return {one["name"]: one for one in json.loads(self.ci("doctor", "--json").stdout)}

    def put_image(self, config: dict[str, Any]) -> str:
        """An image of that config, without layers; its URI by digest."""
        body = json.dumps(config).encode()
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        layers = Layers.of(self.world, self.region, self.repository)
        upload = layers.begin()
        layers.append(upload, io.BytesIO(body))
        layers.finish(upload, digest)
        described = {"mediaType": "application/octet-stream", "size": len(body), "digest": digest}
        return self.put_manifest(
            {"schemaVersion": 2, "mediaType": MANIFEST, "config": described, "layers": []}
        )

    def put_manifest(self, manifest: dict[str, Any]) -> str:
        text = json.dumps(manifest)
        digest = f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
        self.client("ecr").put_image(
            repositoryName=self.repository, imageManifest=text, imageTag=digest[7:19]
        )
        found = self.client("ecr").describe_repositories(repositoryNames=[self.repository])
        return f"{found['repositories'][0]['repositoryUri']}@{digest}"

    def point_at(self, image: str) -> None:
        name = self.outputs("retraining")["PointerParameter"]
        self.client("ssm").put_parameter(Name=name, Value=image, Type="String", Overwrite=True)

    @property
    def repository(self) -> str:
        return self.outputs("foundation")["RepositoryName"]

    def name_of(self, stack: str, logical: str) -> str:
        found = self.client("cloudformation").describe_stack_resource(
            StackName=f"{self.endpoint}-{stack}", LogicalResourceId=logical
        )
        return found["StackResourceDetail"]["PhysicalResourceId"]


def written(*changes: tuple[str, str]) -> Callable[[Patient], Undo]:
    def plant(patient: Patient) -> Undo:
        patient.write(*changes)
        return lambda: patient.write(OWN, ACCESS)

    return plant


def strange_role(patient: Patient) -> Undo:
    return _trust(patient, "ExecutionRole", "sagemaker.amazonaws.com", "ec2.amazonaws.com")


def any_branch(patient: Patient) -> Undo:
    return _trust(patient, "ReleaseRole", "ref_type:branch:ref:main", "ref_type:branch:ref:devel")


def any_project(patient: Patient) -> Undo:
    return _trust(patient, "ReleaseRole", "project_path:team/shop:", "project_path:other/shop:")


def _trust(patient: Patient, role: str, old: str, new: str) -> Undo:
    iam, name = patient.client("iam"), patient.name_of("foundation", role)
    trust = json.dumps(iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"])
    assert old in trust
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust.replace(old, new))
    return lambda: iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust)


def no_provider(patient: Patient) -> Undo:
    iam = patient.client("iam")
    arn = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"][0]["Arn"]
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    return lambda: iam.create_open_id_connect_provider(Url="https://gitlab.com")


def no_pointer(patient: Patient) -> Undo:
    name = patient.outputs("retraining")["PointerParameter"]
    patient.client("ssm").delete_parameter(Name=name)
    return lambda: patient.point_at(patient.image)


def mutable_tags(patient: Patient) -> Undo:
    def put(to: str) -> None:
        patient.client("ecr").put_image_tag_mutability(
            repositoryName=patient.repository, imageTagMutability=to
        )

    put("MUTABLE")
    return lambda: put("IMMUTABLE")


def not_scanned(patient: Patient) -> Undo:
    def put(on: bool) -> None:
        patient.client("ecr").put_image_scanning_configuration(
            repositoryName=patient.repository, imageScanningConfiguration={"scanOnPush": on}
        )

    put(False)
    return lambda: put(True)


def pointed_at(make: Callable[[Patient], str]) -> Callable[[Patient], Undo]:
    def plant(patient: Patient) -> Undo:
        patient.point_at(make(patient))
        return lambda: patient.point_at(patient.image)

    return plant


def lost(patient: Patient) -> str:
    return patient.image.replace(patient.image[-8:], "00000000")


def index(patient: Patient) -> str:
    digest = patient.image.rpartition("@")[2]
    one = {"mediaType": MANIFEST, "digest": digest, "size": 1}
    return patient.put_manifest({"schemaVersion": 2, "mediaType": INDEX, "manifests": [one]})


def versions_off(patient: Patient) -> Undo:
    def put(to: str) -> None:
        patient.client("s3").put_bucket_versioning(
            Bucket=patient.bucket, VersioningConfiguration={"Status": to}
        )

    put("Suspended")
    return lambda: put("Enabled")


def no_encryption(patient: Patient) -> Undo:
    s3, bucket = patient.client("s3"), patient.bucket
    kept = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
    s3.delete_bucket_encryption(Bucket=bucket)
    return lambda: s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=kept)


def silent_bucket(patient: Patient) -> Undo:
    def put(configuration: dict[str, Any]) -> None:
        patient.client("s3").put_bucket_notification_configuration(
            Bucket=patient.bucket, NotificationConfiguration=configuration
        )

    put({})
    return lambda: put({"EventBridgeConfiguration": {}})


def disabled_key(patient: Patient) -> Undo:
    kms = patient.client("kms")
    key = patient.outputs("foundation")["KeyArn"].rpartition("/")[2]
    kms.disable_key(KeyId=key)
    return lambda: kms.enable_key(KeyId=key)


def no_data(patient: Patient) -> Undo:
    patient.client("s3").delete_object(Bucket=patient.bucket, Key="data/test/flats.csv")
    return lambda: patient.upload("test", 60, seed=2)


def ringing(patient: Patient) -> Undo:
    cloudwatch, name = patient.client("cloudwatch"), f"{patient.endpoint}-planted"
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace="x",
        MetricName="x",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="LessThanThreshold",
        TreatMissingData="breaching",
    )
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="planted")
    return lambda: cloudwatch.delete_alarms(AlarmNames=[name])


def no_alarm(patient: Patient) -> Undo:
    cloudwatch, name = patient.client("cloudwatch"), f"{patient.endpoint}-drift"
    alarm = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]
    cloudwatch.delete_alarms(AlarmNames=[name])
    given = cloudwatch.meta.service_model.operation_model("PutMetricAlarm").input_shape.members
    kept = {key: value for key, value in alarm.items() if key in given and value != []}
    return lambda: cloudwatch.put_metric_alarm(**kept)


def no_schedule(patient: Patient) -> Undo:
    events, name = patient.client("events"), patient.name_of("monitoring", "Hourly")
    events.disable_rule(Name=name)
    return lambda: events.enable_rule(Name=name)


def no_function(patient: Patient) -> Undo:
    function, name = patient.client("lambda"), f"{patient.endpoint}-steps"
    kept = function.get_function(FunctionName=name)["Configuration"]
    package = patient.client("s3").list_objects_v2(Bucket=patient.bucket, Prefix="code/")
    code = {"S3Bucket": patient.bucket, "S3Key": package["Contents"][0]["Key"]}
    function.delete_function(FunctionName=name)
    given = {key: kept[key] for key in ("FunctionName", "Runtime", "Role", "Handler")}
    return lambda: function.create_function(**given, Code=code)


def little_quota(patient: Patient) -> Undo:
    patient.world.quotas["ml.m5.large for endpoint usage"] = 3.0
    return lambda: patient.world.quotas.update(QUOTAS)


FAULTS: dict[str, tuple[str, Callable[[Patient], Undo], str]] = {
    "another account": (
        "credentials",
        written((OWN[0], OWN[1].replace(ACCOUNT, "210987654321")), ACCESS),
        "names account 210987654321",
    ),
    "no such region": ("region", written(("eu-west-1", "eu-wst-1")), "no SageMaker in eu-wst-1"),
    "nothing deployed": ("stacks", written(('"test"\nregion', '"none"\nregion')), "shop-none-"),
    "a role that others take": ("execution-role", strange_role, "does not trust sagemaker"),
    "another branch": ("pipeline-roles", any_branch, "trusts the branch devel"),
    "another project": ("pipeline-roles", any_project, "other/shop"),
    "no provider": ("pipeline-roles", no_provider, "There is no provider"),
    "no pointer": ("pointer", no_pointer, "There is no parameter"),
    "tags that move": ("repository", mutable_tags, "are MUTABLE"),
    "no scan": ("repository", not_scanned, "are not scanned"),
    "an image that is gone": ("images", pointed_at(lost), "ECR does not have"),
    "an index": ("media-type", pointed_at(index), INDEX),
    "an ARM image": (
        "architecture",
        pointed_at(lambda patient: patient.put_image({**GOOD, "architecture": "arm64"})),
        "is linux/arm64",
    ),
    "an image of others": (
        "label",
        pointed_at(lambda patient: patient.put_image({**GOOD, "config": {}})),
        "is not of our base",
    ),
    "no versions": ("versions", versions_off, "is Suspended"),
    "no encryption": ("encryption", no_encryption, "does not encrypt"),
    "a silent bucket": ("events", silent_bucket, "does not tell EventBridge"),
    "a disabled key": ("key", disabled_key, "is Disabled"),
    "no data": ("data", no_data, "There are no data for test"),
    "a ringing alarm": ("alarms", ringing, "-planted: planted"),
    "a missing alarm": ("alarms", no_alarm, "There is no alarm shop-test-drift"),
    "no schedule": ("rules", no_schedule, "is DISABLED"),
    "no function": ("functions", no_function, "shop-test-steps is gone"),
    "too small a quota": ("quotas", little_quota, "endpoint usage is 3 of 4"),
}
