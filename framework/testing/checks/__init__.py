"""The one list of checks. Each is a function of a Session that returns what it saw.

To add one: write the function in the module of its group, with a docstring that says what a
good algorithm does, and name it here. It raises Failed, Warned or NotChecked otherwise.
"""

from collections.abc import Callable
from dataclasses import dataclass

from framework.testing.checks import artifact, process, replies, serving, training
from framework.testing.session import Session


@dataclass(frozen=True)
class Check:
    """A named check of one group."""

    name: str
    group: str
    run: Callable[[Session], str]

    @property
    def purpose(self) -> str:
        """What a good algorithm does, in one sentence."""
        return (self.run.__doc__ or "").strip()


CHECKS: tuple[Check, ...] = (
    Check("trains", "training", training.trains),
    Check("hyperparameters", "training", training.hyperparameters),
    Check("seed", "training", training.same_seed),
    Check("training-writes", "training", training.writes),
    Check("channels-unchanged", "training", training.channels_unchanged),
    Check("failure-file", "training", training.failure_file),
    Check("stop", "training", training.stop),
    Check("modules-apart", "training", training.modules_apart),
    Check("loads", "artifact", artifact.loads),
    Check("without-training-data", "artifact", artifact.without_training_data),
    Check("golden", "artifact", artifact.golden),
    Check("without-network", "artifact", artifact.without_network),
    Check("read-only-root", "artifact", artifact.read_only_root),
    Check("other-user", "artifact", artifact.other_user),
    Check("memory", "artifact", artifact.memory),
    Check("starts", "serving", serving.starts),
    Check("answer-count", "serving", serving.answer_count),
    Check("rows-together", "serving", serving.rows_together),
    Check("no-state", "serving", serving.no_state),
    Check("no-growth", "serving", serving.no_growth),
    Check("client-faults", "serving", serving.client_faults),
    Check("no-traceback", "serving", serving.no_traceback),
    Check("content-types", "serving", serving.content_types),
    Check("media-types", "serving", serving.media_types),
    Check("sample-replies", "serving", replies.sample_replies),
    Check("serving-writes", "serving", serving.serving_writes),
    Check("ping", "process", process.ping_during_predict),
    Check("drains", "process", process.drains),
)
