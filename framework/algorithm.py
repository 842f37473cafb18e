"""algorithm.toml: the one place that names the user's classes.

trainer = "trainer:PenguinTrainer"
predictor = "predictor:PenguinPredictor"

[code]                                  # optional, for what static analysis cannot see
dynamic_imports = ["plugins.extra"]
data_files = ["vocabulary.txt"]
training_only = ["matplotlib"]          # packages of which the artifact holds no object

[sample]                                # optional, what `check` and the demo train on
channels = "sample:write_channels"      # a function, or a directory with one folder per channel
hyperparameters = { max_depth = 4 }
replies = "replies.json"                # what the served sample answers; `check` holds to its form

[check]                                 # optional limits of the conformance suite
start_seconds = 30
stop_seconds = 30

[evaluation]                            # optional, how `evaluate` judges a model
channel = "test"                        # held-out rows, which training never sees
target = "species"                      # the column with the truth; "0" is the first of CSV
metric = "accuracy"                     # accuracy, f1_macro, mae, rmse, r2, or "module:function"
minimum = 0.8                           # the worst value that is acceptable
margin = 0.01                           # by how much, relatively, a challenger must be better
rows = "evaluation:rows"                # instead of target, for data that is no table
"""

import importlib
import os
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from framework.errors import AlgorithmNotFound, did_you_mean
from framework.garbage import seldom_collected
from framework.predictor import Predictor
from framework.trainer import Trainer


class CodeDeclaration(BaseModel):
    """What the import graph cannot see by itself."""

    model_config = ConfigDict(extra="forbid")
    dynamic_imports: list[str] = []
    data_files: list[str] = []
    training_only: list[str] = []


class SampleDeclaration(BaseModel):
    """A small training job that `check` and the bench can run."""

    model_config = ConfigDict(extra="forbid")
    channels: str = ""
    hyperparameters: dict[str, Any] = {}
    replies: str = ""


class CheckLimits(BaseModel):
    """Seconds the conformance suite allows."""

    model_config = ConfigDict(extra="forbid")
    start_seconds: float = Field(30, gt=0)
    stop_seconds: float = Field(30, gt=0)


class EvaluationDeclaration(BaseModel):
    """How a model is judged on held-out rows."""

    model_config = ConfigDict(extra="forbid")
    channel: str = "test"
    target: str = ""
    metric: str = "accuracy"
    greater_is_better: bool | None = None
    minimum: FiniteFloat | None = None
    margin: FiniteFloat = Field(0.0, ge=0)
    rows: str = ""


class AlgorithmFile(BaseModel):
    """The content of algorithm.toml."""

    model_config = ConfigDict(extra="forbid")
    trainer: str = ""
    predictor: str
    script: str = ""
    code: CodeDeclaration = CodeDeclaration()
    sample: SampleDeclaration = SampleDeclaration()
    check: CheckLimits = CheckLimits()
    evaluation: EvaluationDeclaration = EvaluationDeclaration()


@dataclass(frozen=True)
class Algorithm:
    """An algorithm directory and what its algorithm.toml declares."""

    directory: Path
    file: AlgorithmFile

    @classmethod
    def load(cls, directory: Path | None = None) -> "Algorithm":
        """Read algorithm.toml in ``directory``, by default ALGORITHM_DIR or /opt/program.

        Raises:
            AlgorithmNotFound: there is no such file, or it does not say what it must.
        """
        directory = Path(directory or os.environ.get("ALGORITHM_DIR", "/opt/program")).resolve()
        path = directory / "algorithm.toml"
        try:
            content = tomllib.loads(path.read_text(encoding="utf-8"))
            return cls(directory, AlgorithmFile.model_validate(content))
        except (FileNotFoundError, NotADirectoryError):
            raise AlgorithmNotFound(
                f"There is no algorithm.toml in {directory}. Create it with a line "
                'predictor = "module:Class" (and trainer = "module:Class"), '
                "or name the algorithm's directory in ALGORITHM_DIR."
            ) from None
        except tomllib.TOMLDecodeError as error:
            raise AlgorithmNotFound(f"{path} is not valid TOML: {error}.") from None
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise AlgorithmNotFound(f"{path}: '{where}': {first['msg']}.") from None

    @property
    def replies(self) -> Path | None:
        """The file that ``[sample] replies`` names, whether or not it is there; None: no name."""
        named = self.file.sample.replies
        return self.directory / named if named else None

    def trainer_class(self) -> type[Trainer]:
        """Import the class that ``trainer`` names."""
        return self._named_class("trainer", self.file.trainer, Trainer)

    def predictor_class(self) -> type[Predictor]:
        """Import the class that ``predictor`` names."""
        return self._named_class("predictor", self.file.predictor, Predictor)

    def import_module(self, name: str) -> ModuleType:
        """Import a module of the algorithm, or one that is installed.

        Raises:
            AlgorithmNotFound: the module, or something it imports, fails to import.
        """
        if str(self.directory) not in sys.path:
            sys.path.insert(0, str(self.directory))
        try:
            with seldom_collected():
                return importlib.import_module(name)
        except ModuleNotFoundError as error:
            modules = sorted(path.stem for path in self.directory.glob("*.py"))
            advice = (
                f"Modules in {self.directory}: {', '.join(modules) or 'none'}."
                if error.name == name
                else "Add the package to the algorithm's requirements and build the image again."
            )
            raise AlgorithmNotFound(
                f"Cannot import '{name}': there is no module '{error.name}'. {advice}"
            ) from error
        except Exception as error:
            raise AlgorithmNotFound(
                f"Importing '{name}' from {self.directory} failed: {type(error).__name__}: {error}"
            ) from error

    def named_function(self, key: str, reference: str) -> Callable[..., Any]:
        """Import the function that algorithm.toml names for ``key`` as "module:function".

        Raises:
            AlgorithmNotFound: there is none.
        """
        where = f'{self.directory / "algorithm.toml"}: {key} = "{reference}"'
        module_name, colon, name = reference.partition(":")
        if not (module_name and colon and name):
            raise AlgorithmNotFound(f'{where} must have the form "module:function".')
        module = self.import_module(module_name)
        named = getattr(module, name, None)
        if not callable(named):
            functions = [n for n, value in vars(module).items() if callable(value)]
            raise AlgorithmNotFound(
                f"{where}: {module.__file__} has no '{name}'. {did_you_mean(name, functions)}"
            )
        return named

    def _named_class(self, key: str, reference: str, base: type) -> type:
        where = f'{self.directory / "algorithm.toml"}: {key} = "{reference}"'
        module_name, colon, class_name = reference.partition(":")
        if not (module_name and colon and class_name):
            raise AlgorithmNotFound(f'{where} must have the form "module:Class".')
        module = self.import_module(module_name)
        named = getattr(module, class_name, None)
        if named is None:
            classes = [n for n, value in vars(module).items() if isinstance(value, type)]
            raise AlgorithmNotFound(
                f"{where}: {module.__file__} has no '{class_name}'. "
                + did_you_mean(class_name, classes)
            )
        if not (isinstance(named, type) and issubclass(named, base)):
            raise AlgorithmNotFound(
                f"{where}: '{class_name}' is not a subclass of framework.{base.__name__}."
            )
        return named
