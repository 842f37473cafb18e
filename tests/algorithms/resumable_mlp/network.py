"""A network with one hidden layer, in numpy: what trainer and predictor share."""

import numpy as np

Network = dict[str, np.ndarray]


def fresh(inputs: int, hidden: int, random: np.random.Generator) -> Network:
    """Return small random weights."""
    return {
        "hidden": random.normal(0, inputs**-0.5, (inputs, hidden)),
        "hidden_bias": np.zeros(hidden),
        "output": random.normal(0, hidden**-0.5, hidden),
        "output_bias": np.zeros(1),
    }


def probability(network: Network, x: np.ndarray) -> np.ndarray:
    """Return the probability of class 1 for each row of ``x``."""
    activity = np.tanh(x @ network["hidden"] + network["hidden_bias"])
    return sigmoid(activity @ network["output"] + network["output_bias"])


def loss(network: Network, x: np.ndarray, y: np.ndarray) -> float:
    """Return the mean log loss."""
    p = np.clip(probability(network, x), 1e-12, 1 - 1e-12)
    return float(-np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)))


def gradient(network: Network, x: np.ndarray, y: np.ndarray) -> Network:
    """Return the slope of the mean log loss in every weight."""
    activity = np.tanh(x @ network["hidden"] + network["hidden_bias"])
    error = sigmoid(activity @ network["output"] + network["output_bias"]) - y
    error /= len(y)
    back = np.outer(error, network["output"]) * (1 - activity**2)
    return {
        "hidden": x.T @ back,
        "hidden_bias": back.sum(axis=0),
        "output": activity.T @ error,
        "output_bias": error.sum(keepdims=True),
    }


def sigmoid(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z))
