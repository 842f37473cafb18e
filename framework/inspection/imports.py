"""The import graph, read from source without importing anything.

``modulefinder`` walks it: imports in functions, branches and ``try`` blocks count, and so do
relative ones. Added here is what it does not see by itself: ``import_module("literal")``,
submodules that ``__all__`` names, namespace packages, who asked first, where the framework's
public names come from, and that the body of ``if TYPE_CHECKING:`` never runs.
"""

import ast
import importlib
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import resolve_name, spec_from_file_location
from modulefinder import Module, ModuleFinder
from pathlib import Path
from typing import Any
from warnings import catch_warnings

from framework import _HOMES as HOMES
from framework.errors import AlgorithmNotFound

FRAMEWORK = Path(__file__).resolve().parents[1]
_IMPORTS_BY_NAME = {"import_module", "__import__", "run_module"}
_OPAQUE = {"run_path", "spec_from_file_location", "iter_modules", "walk_packages"}


@dataclass(frozen=True, order=True)
class Unknown:
    """An import in the algorithm that cannot be known without running it."""

    path: Path
    line: int
    what: str


@dataclass
class Reached:
    """What one side reaches from its entries.

    Attributes:
        files: file → the file that imports it first, None for an entry.
        packages: top-level name of an import from outside → the files that ask for it, with
            algorithm.toml for an entry.
        strings: every string in the algorithm's reached files → the first file that holds it.
        unknown: what a reached file of the algorithm hides.
    """

    files: dict[Path, Path | None] = field(default_factory=dict)
    packages: dict[str, set[Path]] = field(default_factory=dict)
    strings: dict[str, Path] = field(default_factory=dict)
    unknown: set[Unknown] = field(default_factory=set)


def reach(directory: Path, modules: Iterable[str], script: str = "") -> Reached:
    """Follow the imports of ``modules`` through ``directory`` and the framework.

    Args:
        script: a file of ``directory`` that is loaded too, with its neighbours in reach.

    Raises:
        AlgorithmNotFound: a file that would be imported is not valid Python.
    """
    importlib.invalidate_caches()
    finder = _Finder(directory)
    if script:
        finder.enter_script(directory / script)
    for module in modules:
        finder.enter(module)
    return finder.reached()


class _Finder(ModuleFinder):
    """Finds modules in the algorithm's directory and in the framework; the rest is outside."""

    def __init__(self, directory: Path):
        super().__init__(path=[str(directory)])
        self._directory = directory
        self._result = Reached()
        self._scanned: list[Path] = []
        self._exported: dict[str, list[str]] = {}

    def enter(self, name: str) -> None:
        self._safe_import_hook(name, None, None, level=0)

    def enter_script(self, file: Path) -> None:
        if not file.is_file():
            raise AlgorithmNotFound(
                f"{self._directory / 'algorithm.toml'}: there is no script {file}. "
                f"Name a file below {self._directory}."
            )
        if file.parent != self._directory:
            self.path.insert(0, str(file.parent))
        spec = spec_from_file_location(file.stem, file)
        self.load_module(file.stem, None, str(file), spec)

    def reached(self) -> Reached:
        entry = self._directory / "algorithm.toml"
        for name, callers in self.badmodules.items():
            top = name.partition(".")[0]
            if top not in self.modules and top not in sys.stdlib_module_names:
                asking = self._result.packages.setdefault(top, set())
                asking |= {
                    entry if caller == "-" else Path(self.modules[caller].__file__)
                    for caller in callers
                }
        return self._result

    def find_module(self, name: str, path: list[str] | None, parent: Module | None = None) -> Any:
        if path is None:
            path = [str(FRAMEWORK.parent)] if name == FRAMEWORK.name else self.path
        spec = PathFinder.find_spec(name, path)
        if spec is None or (parent is None and _hidden_by_an_installed_package(spec)):
            raise ImportError(name)
        return None, spec.origin, spec

    def load_module(self, fqname: str, fp: None, pathname: str | None, file_info: Any) -> Module:
        spec: ModuleSpec = file_info
        module = self.add_module(fqname)
        module.__file__ = pathname
        if spec.submodule_search_locations is not None:
            module.__path__ = list(spec.submodule_search_locations)
        if pathname is None:  # a namespace package has no file
            return module
        file = Path(pathname)
        self._result.files[file] = self._scanned[-1] if self._scanned else None
        if isinstance(spec.loader, SourceFileLoader):
            depth = fqname.count(".") + bool(module.__path__)
            source = _source(file, file.read_bytes(), depth)
            if file.is_relative_to(self._directory):
                self._keep_what_it_says(source, file)
            self._exported[fqname] = source.exported
            self._scanned.append(file)
            self.scan_code(source.code, module)
            self._scanned.pop()
        return module

    def ensure_fromlist(self, m: Module, fromlist: list[str], recursive: int = 0) -> None:
        if fromlist != ["__all__"]:
            super().ensure_fromlist(m, fromlist, recursive)
            return
        for name in self._exported.get(m.__name__, ()):  # ``from m import *`` imports submodules
            with suppress(ImportError):
                super().ensure_fromlist(m, [name])

    def _keep_what_it_says(self, source: "_Source", file: Path) -> None:
        self._result.unknown.update(source.unknown)
        for text in source.strings:
            self._result.strings.setdefault(text, file)


def _hidden_by_an_installed_package(spec: ModuleSpec) -> bool:
    """A directory without __init__.py gives way to an installed package of its name."""
    if spec.origin is not None:
        return False
    installed = PathFinder.find_spec(spec.name)
    return installed is not None and installed.origin is not None


class _Source(ast.NodeTransformer):
    """One file, its ``code`` changed so that it holds exactly the imports that can happen.

    Args:
        depth: how many packages enclose the file's names, so how far relative imports can go.
    """

    def __init__(self, file: Path, content: bytes, depth: int):
        self._file = file
        self._depth = depth
        self._named: list[ast.stmt] = []
        self.exported: list[str] = []
        self.unknown: set[Unknown] = set()
        self.strings: set[str] = set()
        try:
            with catch_warnings(action="ignore"):
                module = ast.parse(content)
                compile(module, file, "exec", dont_inherit=True)  # finds more than ast.parse
        except (SyntaxError, ValueError) as error:
            line = f", line {error.lineno}," if isinstance(error, SyntaxError) else ""
            raise AlgorithmNotFound(
                f"{file}{line} is not valid Python: {getattr(error, 'msg', error)}. "
                "Mend it; what it imports cannot be known before."
            ) from None
        tree: ast.Module = self.visit(module)
        tree.body += map(ast.fix_missing_locations, self._named)
        self.code = compile(tree, file, "exec", dont_inherit=True)

    def visit_If(self, node: ast.If) -> ast.AST:
        test = node.test
        name = getattr(test, "id", getattr(test, "attr", None))
        if isinstance(test, ast.Name | ast.Attribute) and name == "TYPE_CHECKING":
            node.body = [ast.copy_location(ast.Pass(), node)]
        return self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> ast.AST:
        if any(alias.name == FRAMEWORK.name for alias in node.names):
            self._import_homes(HOMES)
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
        if node.module == FRAMEWORK.name and not node.level:
            names = {alias.name for alias in node.names}
            self._import_homes(HOMES if "*" in names else names)
        if any(a.asname and a.name in _IMPORTS_BY_NAME | _OPAQUE for a in node.names):
            self._cannot_know(node)
        if node.level > self._depth:  # Python refuses it too
            return ast.copy_location(ast.Pass(), node)
        if node.names[0].name == "*":
            self._named.append(ast.ImportFrom(node.module, [ast.alias("__all__")], node.level))
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        if ast.unparse(node.targets[0]) == "__all__":
            self.exported = [text for item in ast.walk(node.value) if (text := _text(item))]
        return self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if isinstance(node.value, str):
            self.strings.add(node.value)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        called = ast.unparse(node.func)
        statement = _import_in(node) if called.rpartition(".")[2] in _IMPORTS_BY_NAME else None
        if statement:
            self._named.append(statement)
            return node
        return self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if node.id in _IMPORTS_BY_NAME | _OPAQUE | {"exec"}:
            self._cannot_know(node)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if node.attr in _IMPORTS_BY_NAME | _OPAQUE or ast.unparse(node) == "sys.path":
            self._cannot_know(node)
        return self.generic_visit(node)

    def _import_homes(self, names: Iterable[str]) -> None:
        homes = sorted({HOMES[name] for name in names if name in HOMES})
        self._named += [ast.Import([ast.alias(home)]) for home in homes]

    def _cannot_know(self, node: ast.expr | ast.stmt) -> None:
        self.unknown.add(Unknown(self._file, node.lineno, ast.unparse(node)))


_source = lru_cache(maxsize=256)(_Source)  # most of the framework is in both sides' reach


def _import_in(call: ast.Call) -> ast.stmt | None:
    """``import_module("a.b")`` as ``import a.b``; None where the source does not say the name."""
    arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
    name = _text(arguments[0]) if arguments else ""
    dots = len(name) - len(name.lstrip("."))
    if not dots:
        return ast.Import([ast.alias(name)]) if name else None
    package = arguments[1] if len(arguments) > 1 else None
    if _text(package):
        return ast.Import([ast.alias(resolve_name(name, _text(package)))])
    if isinstance(package, ast.Name) and package.id == "__package__":
        parent, _, child = name[dots:].rpartition(".")
        return ast.ImportFrom(parent or None, [ast.alias(child)], dots)
    return None


def _text(node: ast.AST | None) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
