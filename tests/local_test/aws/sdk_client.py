"""Trains, deploys and asks as a user of the sagemaker package does, on whatever AWS answers.

    python sdk_client.py IMAGE ROLE BUCKET

Runs in an environment of its own (`make sagemaker-sdk`); prints the endpoint's answer last.
"""

import json
import sys

from sagemaker.deserializers import JSONDeserializer
from sagemaker.estimator import Estimator
from sagemaker.serializers import CSVSerializer


def main(image: str, role: str, bucket: str) -> None:
    estimator = Estimator(
        image_uri=image,
        role=role,
        instance_count=1,
        instance_type="ml.m5.large",
        hyperparameters={"error": 5},
        metric_definitions=[{"Name": "train:rmse", "Regex": r"train:rmse=([0-9.]+)"}],
        output_path=f"s3://{bucket}/sdk",
        base_job_name="sdk",
    )
    estimator.fit({"train": f"s3://{bucket}/data/train/"})
    predictor = estimator.deploy(
        1, "ml.m5.large", serializer=CSVSerializer(), deserializer=JSONDeserializer()
    )
    answer = predictor.predict("area\n100\n")
    predictor.delete_model()
    predictor.delete_endpoint()
    print(f"\n{json.dumps(answer)}")  # after the dots of its waiting


if __name__ == "__main__":
    main(*sys.argv[1:])
