"""The functions that the toolkit asks its users for."""

import io
import json
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
from sagemaker_inference import decoder

NAMES = []


def model_fn(model_dir):
    model = pickle.loads(Path(model_dir, "model.pickle").read_bytes())
    NAMES.extend(getattr(model, "feature_names_in_", ()))
    return model


def input_fn(body, content_type):
    if NAMES and content_type == "text/csv":
        return pd.read_csv(io.StringIO(body), header=None, names=NAMES)
    if NAMES:
        return pd.DataFrame(json.loads(body))[NAMES]
    return np.atleast_2d(decoder.decode(body, content_type))


def predict_fn(rows, model):
    return model.predict(rows)
