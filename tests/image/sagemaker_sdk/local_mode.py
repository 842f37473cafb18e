"""Trains and deploys an image as a user of the sagemaker package does in its local mode.

    python local_mode.py IMAGE CHANNELS WORK PORT

Runs in an environment of its own (`make sagemaker-sdk`); prints the endpoint's answer last.
"""

import json
import sys
from pathlib import Path

import boto3
from sagemaker.deserializers import JSONDeserializer
from sagemaker.estimator import Estimator
from sagemaker.local import LocalSession
from sagemaker.serializers import CSVSerializer

PENGUIN = (
    "island,sex,bill_length_mm,bill_depth_mm,flipper_length_mm,body_mass_g\n"
    "Biscoe,female,46.1,13.2,211,4500\n"
)


def main(image: str, channels: str, work: str, port: str) -> None:
    keys = {"aws_access_key_id": "none", "aws_secret_access_key": "none"}
    session = LocalSession(boto3.Session(region_name="eu-west-1", **keys))
    session.config = {
        "local": {"local_code": True, "container_root": work, "serving_port": int(port)}
    }
    estimator = Estimator(
        image_uri=image,
        role="arn:aws:iam::111122223333:role/local",
        instance_count=1,
        instance_type="local",
        hyperparameters={"rounds": 10, "learning_rate": 0.2},
        output_path=f"file://{work}/artifact",
        sagemaker_session=session,
    )
    estimator.fit({path.name: f"file://{path}" for path in Path(channels).iterdir()})
    predictor = estimator.deploy(
        1, "local", serializer=CSVSerializer(), deserializer=JSONDeserializer()
    )
    try:
        answer = predictor.predict(PENGUIN)
    finally:
        predictor.delete_endpoint()
    print(json.dumps(answer))


if __name__ == "__main__":
    main(*sys.argv[1:])
