"""Which files belong to serving, which to training, which to both.

A side is what its programs and the class that algorithm.toml names reach by imports. Where that
cannot be known, a file belongs to more sides rather than to fewer:

- what ``[code]`` in algorithm.toml declares belongs to both, and so does a module whose name the
  standard library or an installed package has too;
- a data file belongs to the sides whose code holds its name, its directory's or a pattern of it,
  as a string;
- code that no import reaches belongs to the sides that hide an import, unless
  ``dynamic_imports`` declares what they hide;
- packages that the trainer's own code imports belong to serving too, because the artifact is
  made of their objects, except those that ``training_only`` declares.

The file of ``[sample] replies`` belongs to none, whoever names it: it says what serving does.
"""

import hashlib
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.machinery import PathFinder
from pathlib import Path, PurePosixPath

from framework.algorithm import Algorithm
from framework.errors import AlgorithmNotFound
from framework.inspection.imports import FRAMEWORK, Reached, reach

SERVING = "serving"
TRAINING = "training"
DECLARED = "algorithm.toml"
ARTIFACT = "the artifact, made by "


@dataclass
class CodeFile:
    """One file that counts.

    Attributes:
        path: relative to the algorithm's directory, or to the framework's parent.
        origin: "algorithm" or "framework".
        via: side → what reaches the file first.
    """

    path: str
    origin: str
    sha256: str
    via: dict[str, str] = field(default_factory=dict)


@dataclass
class Code:
    """The code of an algorithm by sides, and what that leaves open.

    Attributes:
        imports: side → name imported from outside → the file that asks for it first.
        unreached: files of the algorithm's directory that no side needs.
        unknown: imports that only running the code would show.
        warnings: sentences for the author of the algorithm.
    """

    files: list[CodeFile]
    imports: dict[str, dict[str, str]]
    unreached: list[str]
    unknown: list[dict[str, str | int]]
    warnings: list[str]


def code_of(algorithm: Algorithm, has: Callable[[str], bool] | None = None) -> Code:
    """Read the algorithm's and the framework's source; nothing of it is imported.

    Args:
        has: whether a name is taken by a package; without it what is installed here decides.

    Raises:
        AlgorithmNotFound: a file is not valid Python, or algorithm.toml declares what is not there.
    """
    return _Reader(algorithm, has or _importable_beside(algorithm.directory)).read()


class _Reader:
    def __init__(self, algorithm: Algorithm, has: Callable[[str], bool]):
        self._has = has
        self._directory = algorithm.directory
        self._declared = algorithm.file
        self._present = [f for f in _files(algorithm.directory) if f != algorithm.replies]
        self._files: dict[Path, CodeFile] = {}
        self._warnings: list[str] = []
        self._unknown: list[dict[str, str | int]] = []

    def read(self) -> Code:
        dynamic = self._declared.code.dynamic_imports
        serving, training = self._entries()
        reached = {
            SERVING: reach(self._directory, [*serving, *dynamic], self._declared.script),
            TRAINING: reach(self._directory, [*training, *dynamic]),
        }
        for side, result in reached.items():
            for file, importer in result.files.items():
                self._add(file, side, self._name(importer or self._declaring(file)))
            self._add(FRAMEWORK / "__main__.py", side, f"framework/{side}")
        self._add_declared_data()
        self._add_shadowing_modules()
        for side, result in reached.items():
            self._add_named_data(side, result)
            self._add_what_may_be_hidden(side, result)
        return Code(
            files=sorted([*self._files.values(), *self._classes()], key=lambda f: f.path),
            imports=self._imports(reached),
            unreached=[
                self._name(file)
                for file in self._present
                if file not in self._files and file.name != DECLARED
            ],
            unknown=self._unknown,
            warnings=self._warnings,
        )

    def _entries(self) -> tuple[list[str], list[str]]:
        predictor = self._declared.predictor.partition(":")[0]
        trainer = self._declared.trainer.partition(":")[0]
        if predictor == trainer:
            self._warnings.append(
                f"trainer and predictor are both in module '{trainer}', so every change of "
                "either counts for both sides and none is serving-only. "
                "Put each into a module of its own, and what both need into a third."
            )
        return (
            [predictor, *_framework_modules(SERVING)],
            [*filter(None, [trainer]), *_framework_modules(TRAINING)],
        )

    def _classes(self) -> Iterator[CodeFile]:
        """algorithm.toml counts by what it names, so that a new sample touches neither side.

        How models are judged counts for training: the next run judges with it.
        """
        evaluation = self._declared.evaluation.model_dump_json(exclude_defaults=True)
        for side, key, value in (
            (SERVING, "predictor", f"{self._declared.predictor} {self._declared.script}".strip()),
            (TRAINING, "trainer", self._declared.trainer),
            *([(TRAINING, "evaluation", evaluation)] if evaluation != "{}" else []),
        ):
            digest = hashlib.sha256(value.encode()).hexdigest()
            yield CodeFile(f"{DECLARED}#{key}", "algorithm", digest, {side: DECLARED})

    def _add(self, file: Path, side: str, via: str) -> None:
        if file not in self._files:
            origin = "algorithm" if self._own(file) else "framework"
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
            self._files[file] = CodeFile(self._name(file), origin, digest)
        self._files[file].via.setdefault(side, via)

    def _add_declared_data(self) -> None:
        for pattern in self._declared.code.data_files:
            matching = [
                file
                for file in self._present
                if any(path.match(pattern) for path in _with_parents(file, self._directory))
            ]
            if not matching:
                raise AlgorithmNotFound(
                    f"{self._directory / DECLARED}: data_files names '{pattern}', but no file in "
                    f"{self._directory} matches it. Correct the name or remove it."
                )
            for file in matching:
                self._add(file, SERVING, DECLARED)
                self._add(file, TRAINING, DECLARED)

    def _add_shadowing_modules(self) -> None:
        for file in self._present:
            name = file.stem if file.parent == self._directory else ""
            if file.name == "__init__.py" and file.parent.parent == self._directory:
                name = file.parent.name
            if file.suffix != ".py" or not name:
                continue
            if name in sys.stdlib_module_names:
                other = "a module of the standard library"
            elif name == FRAMEWORK.name or self._has(name):
                other = "an installed package"
            else:
                continue
            self._warnings.append(
                f"{self._name(file)} has the name of {other}, so it is not certain which of the "
                "two an import gets; it counts for both sides. Rename it."
            )
            self._add(file, SERVING, "its name")
            self._add(file, TRAINING, "its name")

    def _add_named_data(self, side: str, result: Reached) -> None:
        naming = {PurePosixPath(text).as_posix(): file for text, file in result.strings.items()}
        patterns = [text for text in naming if re.fullmatch(r"(?=.*\w)(?=.*[*?])[^\s%{}]+", text)]
        for file in self._present:
            if file.suffix == ".py" or file.name == DECLARED:
                continue
            paths = [self._name(path) for path in _with_parents(file, self._directory)]
            matching = [text for text in patterns if Path(paths[0]).match(text)]
            for name in [file.name, *paths, *matching]:
                if name in naming:
                    self._add(file, side, f"{self._name(naming[name])} names it")

    def _add_what_may_be_hidden(self, side: str, result: Reached) -> None:
        if self._declared.code.dynamic_imports:
            return
        for hidden in sorted(result.unknown):
            place = {"path": self._name(hidden.path), "line": hidden.line}
            self._unknown.append({**place, "code": hidden.what, "side": side})
            self._warnings.append(
                f"{place['path']}, line {hidden.line}: what '{hidden.what:.80}' imports cannot be "
                f"known, so all code here counts for {side}. Name the modules and packages "
                "in algorithm.toml, [code] dynamic_imports."
            )
            for file in self._present:
                if file.suffix == ".py":
                    self._add(file, side, f"{place['path']} may import it")

    def _imports(self, reached: Mapping[str, Reached]) -> dict[str, dict[str, str]]:
        imports = {
            side: {
                package: self._name(min(files, key=lambda file: (not self._own(file), file)))
                for package, files in sorted(result.packages.items())
            }
            for side, result in reached.items()
        }
        for package, files in sorted(reached[TRAINING].packages.items()):
            if any(map(self._own, files)) and package not in self._declared.code.training_only:
                imports[SERVING].setdefault(package, ARTIFACT + imports[TRAINING][package])
        return imports

    def _own(self, file: Path) -> bool:
        return file.is_relative_to(self._directory)

    def _declaring(self, entry: Path) -> Path:
        """Who names a module that nobody imports: algorithm.toml, or the side's programs."""
        return self._directory / DECLARED if self._own(entry) else entry.parent

    def _name(self, file: Path) -> str:
        base = self._directory if self._own(file) else FRAMEWORK.parent
        return file.relative_to(base).as_posix()


def _importable_beside(directory: Path) -> Callable[[str], bool]:
    elsewhere = [path for path in sys.path if path and Path(path) != directory]
    return lambda name: PathFinder.find_spec(name, elsewhere) is not None


def _framework_modules(side: str) -> list[str]:
    files = (file.relative_to(FRAMEWORK.parent) for file in (FRAMEWORK / side).rglob("*.py"))
    return sorted(".".join(f.with_suffix("").parts).removesuffix(".__init__") for f in files)


def _files(directory: Path) -> Iterator[Path]:
    """Every file below ``directory`` in order, except hidden and generated ones."""
    for path in sorted(directory.iterdir()):
        if path.name.startswith(".") or path.name == "__pycache__":
            continue
        if path.is_file():
            yield path
        elif path.is_dir() and not (path / "pyvenv.cfg").exists():
            yield from _files(path)


def _with_parents(file: Path, directory: Path) -> list[Path]:
    return [path for path in (file, *file.parents) if directory in path.parents]
