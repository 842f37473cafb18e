"""A script written for another toolkit; nothing in it knows this framework."""

import io
import json
import os

import joblib
import numpy as np


def model_fn(model_dir):
    return joblib.load(os.path.join(model_dir, "model.joblib"))


def input_fn(request_body, request_content_type):
    if request_content_type == "application/json":
        return np.asarray(json.loads(request_body)["instances"], dtype=float)
    if request_content_type == "text/csv":
        text = request_body.decode() if isinstance(request_body, bytes) else request_body
        return np.loadtxt(io.StringIO(text), delimiter=",", ndmin=2)
    raise ValueError(f"Unsupported content type: {request_content_type}")


def predict_fn(input_data, model):
    return model.predict_proba(input_data)


def output_fn(prediction, accept):
    if accept == "application/json":
        return json.dumps({"predictions": prediction.tolist()}), accept
    body = "\n".join(",".join(map(repr, row)) for row in prediction.tolist())
    return body, "text/csv"
