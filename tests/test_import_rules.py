"""Who may import whom (docs/design.md, "Rooms"), and for each rule a violation that it catches."""

import ast
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from importlib.util import resolve_name
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
ROOMS = ("container", "framework", "local_test", "ci")
STARTER = "ci/new/container"
GATEKEEPERS = {
    ("framework", "flask"): "framework/serving/app.py",
    ("framework", "werkzeug"): "framework/serving/app.py",
    ("framework", "gunicorn"): "framework/serving/server/",
    ("framework", "httptools"): "framework/serving/server/express.py",
    ("framework", "simdjson"): "framework/serving/formats/matrix.py",
    ("framework", "prometheus_client"): "framework/serving/telemetry.py",
    ("local_test", "docker"): "local_test/containers.py",
    ("local_test", "moto"): "local_test/aws/emulator/",
    ("local_test", "boto3"): "local_test/aws/world.py",
    ("local_test", "flask"): "local_test/aws/page/",
    ("ci", "boto3"): "ci/client.py",
    ("ci", "botocore"): "ci/client.py",
}
OPTIONAL = {"pandas", "pyarrow", "pytest"}  # used where they are installed
PARTS_OF = {
    "pydantic_core": "pydantic",
    "werkzeug": "flask",
    "botocore": "boto3",
    "jsonata": "jsonata-python",
    "simdjson": "pysimdjson",
    "prometheus_client": "prometheus-client",
    "yaml": "moto",
}
NOWHERE = {"framework": ("boto3", "botocore", "sagemaker", "docker")}
VAGUE = ("utils", "helpers", "common", "manager", "core")
HEAVY = ("flask", "gunicorn", "numpy", "pandas", "scipy", "sklearn")


@dataclass(frozen=True)
class Import:
    """One imported name: ``from a import b`` is both a and a.b."""

    file: Path
    line: int
    module: str
    name: str = ""
    only_for_types: bool = False

    @property
    def top(self) -> str:
        return self.module.partition(".")[0]

    def said(self, root: Path, problem: str) -> str:
        return f"{self.file.relative_to(root)}:{self.line}: {problem}"


def python_files(root: Path, *folders: str) -> list[Path]:
    """Those of the algorithm that `ci new` copies are no part of ci."""
    return sorted(
        file
        for folder in folders
        for file in (root / folder).rglob("*.py")
        if folder == STARTER or not file.is_relative_to(root / STARTER)
    )


def imports_of(root: Path, *folders: str) -> Iterator[Import]:
    for file in python_files(root, *folders):
        tree = ast.parse(file.read_bytes(), str(file))
        typed = {
            id(node)
            for branch in ast.walk(tree)
            if isinstance(branch, ast.If) and ast.unparse(branch.test).endswith("TYPE_CHECKING")
            for statement in branch.body
            for node in ast.walk(statement)
        }
        package = ".".join(file.relative_to(root).parent.parts)
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield Import(file, node.lineno, alias.name, only_for_types=id(node) in typed)
            elif isinstance(node, ast.ImportFrom):
                module = "." * node.level + (node.module or "")
                module = resolve_name(module, package) if node.level else module
                for alias in node.names:
                    yield Import(file, node.lineno, module, alias.name, id(node) in typed)


# The rules: each returns its violations below a root.


def framework_and_ci_import_no_sibling(root: Path) -> list[str]:
    return [
        found.said(root, f"{room} imports {found.top}")
        for room in ("framework", "ci")
        for found in imports_of(root, room)
        if found.top in {*ROOMS, "tests"} - {room}
    ]


def local_test_imports_only_framework_testing(root: Path) -> list[str]:
    return [
        found.said(root, f"local_test imports {found.module}")
        for found in imports_of(root, "local_test")
        if found.top in ("container", "ci", "tests")
        or (
            found.top == "framework"
            and not f"{found.module}.{found.name}.".startswith("framework.testing.")
        )
    ]


def algorithms_import_only_public_names(root: Path) -> list[str]:
    public = exported(root / "framework/__init__.py")
    folders = [
        "container",
        STARTER,
        *(p.parent for p in root.glob("tests/algorithms/*/algorithm.toml")),
    ]
    return [
        found.said(root, f"{found.module} {found.name} is not a public name of framework")
        for found in imports_of(root, *map(str, folders))
        if found.top in ("local_test", "ci", "tests")
        or (
            found.top == "framework" and (found.module, found.name in public) != ("framework", True)
        )
    ]


def libraries_have_one_gatekeeper(root: Path) -> list[str]:
    problems = []
    for (room, library), gatekeeper in GATEKEEPERS.items():
        problems += [
            found.said(root, f"only {gatekeeper} may import {library}")
            for found in imports_of(root, room)
            if found.top == library
            and not found.file.relative_to(root).as_posix().startswith(gatekeeper)
        ]
    for room, libraries in NOWHERE.items():
        problems += [
            found.said(root, f"{room} must not import {found.top}")
            for found in imports_of(root, room)
            if found.top in libraries
        ]
    return problems


def rooms_declare_what_they_import(root: Path) -> list[str]:
    return [
        found.said(root, f"{found.top} is not in {room}/requirements.in")
        for room in ("framework", "local_test", "ci")
        for found in imports_of(root, room)
        if found.top not in sys.stdlib_module_names | OPTIONAL | {*ROOMS}
        and PARTS_OF.get(found.top, found.top) not in declared(root / room / "requirements.in")
    ]


def training_and_serving_stay_apart(root: Path) -> list[str]:
    sides = {"training", "serving"}
    return [
        found.said(root, f"{side} imports {found.module}")
        for side in sides
        for found in imports_of(root, f"framework/{side}")
        for other in sides - {side}
        if f"{found.module}.{found.name}.".startswith(f"framework.{other}.")
    ]


def rooms_have_no_cycles(root: Path) -> list[str]:
    problems = []
    for room in ROOMS:
        graph: dict[str, set[str]] = {name_of(root, f): set() for f in python_files(root, room)}
        for found in imports_of(root, room):
            targets = {f"{found.module}.{found.name}", found.module} & graph.keys()
            if targets and not found.only_for_types:
                target = max(targets, key=len)
                graph[name_of(root, found.file)] |= {target} - {name_of(root, found.file)}
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            problems.append(f"cycle: {' <- '.join(error.args[1])}")
    return problems


def importing_the_framework_is_light(root: Path) -> list[str]:
    script = f"import sys, framework; print(*(set(sys.modules) & set({HEAVY!r})))"
    return [f"import framework loads {name}" for name in run_python(root, script).split()]


def all_equals_the_namespace(root: Path) -> list[str]:
    problems = []
    for file in python_files(root, "framework"):
        listed = exported(file)
        if not listed:
            continue
        module = name_of(root, file)
        script = (
            f"import types, {module} as m; print(*(n for n in dir(m) if not n.startswith('_') and "
            "n != 'TYPE_CHECKING' and not isinstance(getattr(m, n), types.ModuleType)))"
        )
        real = set(run_python(root, script).split())
        if real != listed:
            problems.append(f"{module}.__all__ differs from its names: {sorted(real ^ listed)}")
    return problems


def names_say_what_is_inside(root: Path) -> list[str]:
    return [
        f"{file.relative_to(root)} has a name that says nothing"
        for room in (*ROOMS, "tests")
        for file in (root / room).rglob("*")
        if file.stem in VAGUE and "__pycache__" not in file.parts
    ]


# What the rules ask of a file.


def declared(requirements: Path) -> set[str]:
    """Names without extras: "moto[server]" declares moto."""
    words = requirements.read_text().split() if requirements.is_file() else []
    return {word.partition("[")[0] for word in words}


def exported(init: Path) -> set[str]:
    if not init.is_file():
        return set()
    for statement in ast.parse(init.read_bytes()).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "__all__":
            return set(ast.literal_eval(statement.value))
    return set()


def name_of(root: Path, file: Path) -> str:
    name = ".".join(file.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
    return name.removeprefix("container.")  # its modules are flat: sys.path holds the directory


def run_python(root: Path, script: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


PLANTED: list[tuple[Callable[[Path], list[str]], dict[str, str]]] = [
    (framework_and_ci_import_no_sibling, {"framework/a.py": "def f():\n    import local_test"}),
    (framework_and_ci_import_no_sibling, {"framework/a/b.py": "from container.features import x"}),
    (framework_and_ci_import_no_sibling, {"ci/plan.py": "from framework import describe"}),
    (local_test_imports_only_framework_testing, {"local_test/a.py": "import framework"}),
    (local_test_imports_only_framework_testing, {"local_test/a.py": "from framework import Field"}),
    (local_test_imports_only_framework_testing, {"local_test/a.py": "import framework.layout"}),
    (local_test_imports_only_framework_testing, {"local_test/a.py": "from ci import plan"}),
    (
        algorithms_import_only_public_names,
        {"framework/__init__.py": "__all__ = ['A']", "container/a.py": "from framework import B"},
    ),
    (
        algorithms_import_only_public_names,
        {"framework/__init__.py": "__all__ = ['A']", "container/a.py": "import framework.errors"},
    ),
    (
        algorithms_import_only_public_names,
        {"tests/algorithms/x/algorithm.toml": "", "tests/algorithms/x/a.py": "import local_test"},
    ),
    (algorithms_import_only_public_names, {"ci/new/container/a.py": "import ci"}),
    (libraries_have_one_gatekeeper, {"framework/serving/other.py": "from flask import Flask"}),
    (libraries_have_one_gatekeeper, {"framework/training/a.py": "import gunicorn.config"}),
    (libraries_have_one_gatekeeper, {"local_test/__main__.py": "import docker"}),
    (libraries_have_one_gatekeeper, {"local_test/aws/gate.py": "from moto import server"}),
    (libraries_have_one_gatekeeper, {"ci/requests.py": "from botocore.exceptions import X"}),
    (libraries_have_one_gatekeeper, {"framework/serving/server/a.py": "import boto3"}),
    (
        rooms_declare_what_they_import,
        {"framework/requirements.in": "numpy\n", "framework/a.py": "def f():\n    import rich"},
    ),
    (
        training_and_serving_stay_apart,
        {"framework/training/a.py": "def f():\n    from framework.serving import model"},
    ),
    (training_and_serving_stay_apart, {"framework/serving/a.py": "from framework import training"}),
    (training_and_serving_stay_apart, {"framework/serving/a.py": "from ..training import job"}),
    (
        rooms_have_no_cycles,
        {
            "ci/a.py": "from ci import b",
            "ci/b.py": "from ci.c import x",
            "ci/c.py": "def f():\n    import ci.a",
        },
    ),
    (rooms_have_no_cycles, {"container/a.py": "import b", "container/b.py": "from a import x"}),
    (importing_the_framework_is_light, {"framework/__init__.py": "import numpy"}),
    (
        all_equals_the_namespace,
        {"framework/__init__.py": "from os import sep\n__all__ = ['a']\na=1"},
    ),
    (all_equals_the_namespace, {"framework/__init__.py": "__all__ = ['a', 'b']\na=1"}),
    (names_say_what_is_inside, {"framework/serving/utils.py": ""}),
    (names_say_what_is_inside, {"local_test/core/__init__.py": ""}),
]
RULES = list(dict.fromkeys(rule for rule, _ in PLANTED))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_this_repository_keeps_the_rule(rule: Callable[[Path], list[str]]) -> None:
    assert rule(PROJECT) == []


@pytest.mark.parametrize(
    ("rule", "files"), PLANTED, ids=[f"{rule.__name__}-{n}" for n, (rule, _) in enumerate(PLANTED)]
)
def test_the_rule_catches_a_violation(
    rule: Callable[[Path], list[str]], files: dict[str, str], tmp_path: Path
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert rule(tmp_path)


def test_types_and_submodules_are_no_cycle(tmp_path: Path) -> None:
    for name, text in {
        "framework/__init__.py": "from framework.a import x",
        "framework/a.py": "from framework.b import y",
        "framework/b.py": "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from framework.a import x",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert rooms_have_no_cycles(tmp_path) == []


def test_each_gatekeeper_exists() -> None:
    assert [path for path in GATEKEEPERS.values() if not (PROJECT / path).exists()] == []
