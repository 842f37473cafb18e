"""The Flask application of AWS' example."""

import io
import os
import pickle

import flask
import pandas as pd


class ScoringService:
    """Loads the model when a worker is first asked."""

    model = None

    @classmethod
    def get_model(cls):
        if cls.model is None:
            with open(os.environ["MODEL_FILE"], "rb") as file:
                cls.model = pickle.load(file)
        return cls.model

    @classmethod
    def predict(cls, rows):
        return cls.get_model().predict(rows)


app = flask.Flask(__name__)


@app.route("/ping", methods=["GET"])
def ping():
    status = 200 if ScoringService.get_model() is not None else 404
    return flask.Response(response="\n", status=status, mimetype="application/json")


@app.route("/invocations", methods=["POST"])
def invocations():
    if flask.request.content_type != "text/csv":
        return flask.Response("This predictor only supports CSV data", 415, mimetype="text/plain")
    names = getattr(ScoringService.get_model(), "feature_names_in_", None)
    body = io.StringIO(flask.request.data.decode("utf-8"))
    rows = pd.read_csv(body, header=None, names=names)
    out = io.StringIO()
    pd.DataFrame({"results": ScoringService.predict(rows)}).to_csv(out, header=False, index=False)
    return flask.Response(response=out.getvalue(), status=200, mimetype="text/csv")
