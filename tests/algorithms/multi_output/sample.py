"""Random poses of an arm with three segments."""

from pathlib import Path

import numpy as np
import pandas as pd

LENGTHS = [1.0, 0.7, 0.3]


def write_channels(directory: Path) -> None:
    joints = np.random.default_rng(5).uniform(-1.5, 1.5, (800, 3))
    angles = joints.cumsum(axis=1)
    poses = pd.DataFrame(joints, columns=["shoulder", "elbow", "wrist"])
    poses["x"], poses["y"] = np.cos(angles) @ LENGTHS, np.sin(angles) @ LENGTHS
    for channel, part in {"train": poses[:700], "test": poses[700:]}.items():
        (directory / channel).mkdir(parents=True)
        part.to_csv(directory / channel / "poses.csv", index=False)
