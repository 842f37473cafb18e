"""AWS::Lambda::Function whose code changes.

moto takes changed code in a template for base64, and code that is not in S3 for no code.
"""

import base64
from typing import Any

from botocore.exceptions import ClientError
from moto.awslambda.models import LambdaFunction
from moto.cloudformation.exceptions import ValidationError

from local_test.aws.world import World

MOTO_S = LambdaFunction.update_from_cloudformation_json.__func__


def install(world: World) -> None:
    """Change functions of this world."""

    def changed(cls: Any, **given: Any) -> LambdaFunction:
        code = given["cloudformation_json"]["Properties"]["Code"]
        if "ZipFile" in code:
            zipped = cls._create_zipfile_from_plaintext_code(code["ZipFile"])
            code["ZipFile"] = base64.b64encode(zipped)
        elif "S3Key" in code:
            _check(world.client("s3", given["region_name"]), code["S3Bucket"], code["S3Key"])
        return MOTO_S(cls, **given)

    LambdaFunction.update_from_cloudformation_json = classmethod(changed)


def _check(s3: Any, bucket: str, key: str) -> None:
    try:
        s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        raise ValidationError(
            message=f"Error occurred while GetObject of s3://{bucket}/{key}. {error}"
        ) from None
