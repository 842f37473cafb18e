"""A model that is judged: loaded by this image's Predictor, asked as the server is asked."""

import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from framework.algorithm import Algorithm
from framework.artifact import unpack_artifact
from framework.errors import ArtifactError, DataError, FrameworkError
from framework.evaluation.held_out import Batch
from framework.manifest import Manifest
from framework.schema import InputSchema
from framework.serving.answers import plain
from framework.serving.model import ServedModel, with_place

ARCHIVE = "model.tar.gz"


@dataclass(frozen=True)
class Candidate:
    """A loaded model and what its training wrote down."""

    model: ServedModel
    manifest: Manifest | None

    @property
    def schema(self) -> InputSchema | None:
        """What it must be asked; None when its training did not say."""
        return self.manifest.input if self.manifest else None

    def answers(self, batches: Iterable[Batch], target: str) -> list[Any]:
        """One answer a row, as plain values; of several named ones, the target's.

        Raises:
            DataError: the model refuses the rows, or answers another number of them.
            ArtifactError: the model fails.
        """
        found = []
        for batch in batches:
            answered = self._answered(batch)
            if len(answered) != len(batch.truths):
                raise DataError(
                    f"The model gave {len(answered)} answers to {len(batch.truths)} rows "
                    f"({batch.place})."
                )
            found += [_of_target(one, target) for one in answered]
        return found

    def _answered(self, batch: Batch) -> list[Any]:
        try:
            invocation = self.model.invocation({"content-type": batch.content_type})
            return plain(self.model.answer(batch.body, invocation).values)
        except FrameworkError as error:
            raise DataError(
                f"The model cannot answer the held-out rows ({batch.place}): {error}"
            ) from error
        except Exception as error:
            raise ArtifactError(
                f"The model fails at the held-out rows ({batch.place}): {with_place(error)}. The "
                "endpoint would fail, too: mend the predictor."
            ) from error


@contextmanager
def candidate(place: Path, algorithm: Algorithm) -> Iterator[Candidate]:
    """The model in ``place``/model.tar.gz.

    Raises:
        ArtifactError: there is none, or it cannot be loaded.
    """
    archive = place / ARCHIVE
    with tempfile.TemporaryDirectory() as scratch:
        unpacked(archive, Path(scratch))
        yield Candidate(ServedModel.load(algorithm, Path(scratch)), Manifest.read(Path(scratch)))


def unpacked(archive: Path, directory: Path) -> None:
    """Unpack a model.tar.gz.

    Raises:
        ArtifactError: it is not there, or no archive that hosting takes.
    """
    try:
        unpack_artifact(archive, directory)
    except FileNotFoundError:
        raise ArtifactError(
            f"There is no {archive}. Let an input of the processing job bring the model."
        ) from None
    except (tarfile.TarError, EOFError, OSError) as error:
        raise ArtifactError(
            f"{archive} cannot be unpacked ({type(error).__name__}: {error})."
        ) from None


def _of_target(answer: Any, target: str) -> Any:
    return answer.get(target, answer) if isinstance(answer, dict) else answer
