"""The artifact bucket, its key, and the data below its channels."""

import json

from ci.client import ClientError, code_of
from ci.doctor.account import Account, Problem

DEPLOY = "Undo what was set by hand, or `python -m ci deploy {}` after mending the stack's drift."


def versions(account: Account) -> str:
    """The bucket keeps versions, by which runs can be made again."""
    bucket = account.output("foundation", "ArtifactBucket")
    found = account.client("s3").get_bucket_versioning(Bucket=bucket).get("Status", "Off")
    if found != "Enabled":
        raise Problem(
            f"Versioning of {bucket} is {found}.",
            "`aws s3api put-bucket-versioning --versioning-configuration Status=Enabled "
            f"--bucket {bucket}`",
        )
    return f"{bucket} keeps versions."


def encryption(account: Account) -> str:
    """The bucket encrypts with the environment's key."""
    bucket = account.output("foundation", "ArtifactBucket")
    again = DEPLOY.format(account.environment.name)
    try:
        found = account.client("s3").get_bucket_encryption(Bucket=bucket)
    except ClientError as error:
        if code_of(error) != "ServerSideEncryptionConfigurationNotFoundError":
            raise
        raise Problem(f"{bucket} does not encrypt with a key.", again) from None
    rule = found["ServerSideEncryptionConfiguration"]["Rules"][0]
    key = rule["ApplyServerSideEncryptionByDefault"].get("KMSMasterKeyID", "")
    wanted = account.output("foundation", "KeyArn")
    if not key or not wanted.endswith(key.rpartition("/")[2]):
        raise Problem(f"{bucket} encrypts with {key or 'AES256'}, and not with {wanted}.", again)
    return f"{bucket} encrypts with {wanted}."


def events(account: Account) -> str:
    """The bucket tells EventBridge of new data."""
    bucket = account.output("foundation", "ArtifactBucket")
    found = account.client("s3").get_bucket_notification_configuration(Bucket=bucket)
    if "EventBridgeConfiguration" not in found:
        raise Problem(
            f"{bucket} does not tell EventBridge of uploads, so none starts a run.",
            "`aws s3api put-bucket-notification-configuration --notification-configuration "
            f"'{{\"EventBridgeConfiguration\": {{}}}}' --bucket {bucket}`",
        )
    return f"{bucket} tells EventBridge."


def key(account: Account) -> str:
    """The key is enabled, and lets the account's roles use it."""
    arn = account.output("foundation", "KeyArn")
    kms = account.client("kms")
    state = kms.describe_key(KeyId=arn)["KeyMetadata"]["KeyState"]
    if state != "Enabled":
        raise Problem(
            f"{arn} is {state}: nothing can be read or written with it.",
            f"`aws kms cancel-key-deletion --key-id {arn}` if it is to be deleted, then "
            f"`aws kms enable-key --key-id {arn}`.",
        )
    policy = json.loads(kms.get_key_policy(KeyId=arn, PolicyName="default")["Policy"])
    root = f":{arn.split(':')[4]}:root"
    if not any(_gives(one, root) for one in policy["Statement"]):
        raise Problem(
            f"The policy of {arn} does not give it to the account, so its roles cannot use it.",
            "Give the account's root kms:* in the key's policy, as ci/infra/foundation.yaml does.",
        )
    return f"{arn} is enabled, and the account's roles may use it."


def data(account: Account) -> str:
    """There are data below every channel's prefix."""
    bucket = account.output("foundation", "ArtifactBucket")
    s3 = account.client("s3")
    empty = [
        f"{channel} (s3://{bucket}/{prefix})"
        for channel, prefix in account.environment.data.channels.items()
        if not any(
            one["Size"]
            for one in s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
        )
    ]
    if empty:
        raise Problem(
            f"There are no data for {', '.join(empty)}.",
            "Upload them: `aws s3 cp --recursive DIRECTORY s3://…`. Or mend [data.channels].",
        )
    return f"There are data for {', '.join(account.environment.data.channels)}."


def _gives(statement: dict, root: str) -> bool:
    principal = statement.get("Principal", {})
    named = principal if isinstance(principal, str) else principal.get("AWS", "")
    actions = statement["Action"]
    everything = "kms:*" in ([actions] if isinstance(actions, str) else actions)
    return statement["Effect"] == "Allow" and everything and str(named).endswith(root)
