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
        rows = np.asarray(json.loads(request_body)["instances"], dtype=float)
    elif request_content_type == "text/csv":
        rows = np.loadtxt(io.StringIO(request_body), delimiter=",", ndmin=2)
    else:
        raise ValueError(f"Unsupported content type: {request_content_type}")
    if rows.ndim != 2 or rows.shape[1] != 4 or not np.isfinite(rows).all():
        raise ValueError("Send rows of four numbers.")
    return rows


def predict_fn(input_data, model):
    return model.predict_proba(input_data)


def output_fn(prediction, accept):
    if accept == "application/json":
        return json.dumps({"predictions": prediction.tolist()}), accept
    if accept == "text/csv":
        return "\n".join(",".join(map(repr, row)) for row in prediction.tolist()), accept
    raise ValueError(f"Unsupported accept type: {accept}")
