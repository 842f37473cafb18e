"""Where is the hand of a robot arm, given its joints? Two numbers per row, float32 in and out."""

import numpy as np
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline, make_pipeline

from framework import ChannelSpec, Field, Metric, Trainer, TrainingJob

JOINTS = ["shoulder", "elbow", "wrist"]
HAND = ["x", "y"]


class ArmTrainer(Trainer):
    """Kernel ridge regression with several outputs at once."""

    components: int = Field(150, ge=10, le=500, description="landmarks of the kernel")
    gamma: float = Field(0.3, gt=0, le=10, description="how local the kernel is")
    seed: int = Field(0, ge=0, description="chooses the landmarks")

    channels = (ChannelSpec("train", "CSV with the three joint angles, x and y"),)
    metrics = (Metric("train:r2", objective="Maximize"),)

    def train(self, job: TrainingJob) -> Pipeline:
        poses = job.channels["train"].read_csv()
        joints = poses[JOINTS].to_numpy(np.float32)
        job.describe_input(joints)
        model = make_pipeline(
            Nystroem(gamma=self.gamma, n_components=self.components, random_state=self.seed),
            Ridge(alpha=1e-3),
        )
        model.fit(joints.astype(np.float64), poses[HAND])
        job.log_metric("train:r2", model.score(joints.astype(np.float64), poses[HAND]))
        return model
