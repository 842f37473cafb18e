"""Saves a pickled estimator as a model of MLflow: estimator, directory."""

import pickle
import shutil
import sys
from pathlib import Path

import mlflow

estimator, target = sys.argv[1:]
shutil.rmtree(target, ignore_errors=True)  # of an earlier start
mlflow.sklearn.save_model(
    pickle.loads(Path(estimator).read_bytes()),
    target,
    serialization_format="cloudpickle",
    pip_requirements=["mlflow", "scikit-learn"],
)
