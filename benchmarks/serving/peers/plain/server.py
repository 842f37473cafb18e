"""Flask, without anything that one need not write."""

import io
import os
import pickle

import flask
import numpy as np
import pandas as pd

FEW_BYTES = 15_000  # below, splitting is faster than pandas

with open(os.environ["MODEL_FILE"], "rb") as file:
    model = pickle.load(file)
names = getattr(model, "feature_names_in_", None)
app = flask.Flask(__name__)


@app.get("/ping")
def ping():
    return ""


@app.post("/invocations")
def invocations():
    kind = flask.request.content_type
    if kind == "text/csv":
        answers = model.predict(csv(flask.request.get_data()))
        return flask.Response("\n".join(map(str, answers.tolist())), mimetype="text/csv")
    if kind == "application/json":
        instances = flask.request.get_json()["instances"]
        rows = np.array(instances) if names is None else pd.DataFrame(instances)[names]
    else:
        rows = np.load(io.BytesIO(flask.request.get_data()), allow_pickle=False)
    return {"predictions": model.predict(rows).tolist()}


def csv(body):
    if names is None and len(body) < FEW_BYTES:
        return np.array([line.split(b",") for line in body.splitlines()], dtype=float)
    rows = pd.read_csv(io.BytesIO(body), header=None, names=names)
    return rows.to_numpy() if names is None else rows
