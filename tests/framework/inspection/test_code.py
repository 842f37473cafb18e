"""Each file of an algorithm gets the sides that can be affected by it."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from framework.algorithm import Algorithm
from framework.errors import AlgorithmNotFound
from framework.inspection.code import code_of

PROJECT = Path(__file__).parents[3]
BOTH = {"serving", "training"}
MakeAlgorithm = Callable[..., Algorithm]


def sides(algorithm: Algorithm) -> dict[str, set[str]]:
    """Every file of the algorithm → its sides; empty for unreached ones."""
    code = code_of(algorithm)
    reached = {file.path: set(file.via) for file in code.files if file.origin == "algorithm"}
    return reached | {path: set() for path in code.unreached}


def test_each_class_is_on_its_own_side(algorithm: MakeAlgorithm) -> None:
    assert sides(algorithm()) == {
        "predictor.py": {"serving"},
        "trainer.py": {"training"},
        "algorithm.toml#predictor": {"serving"},
        "algorithm.toml#trainer": {"training"},
    }


def test_what_both_import_is_shared_also_through_a_third_module(algorithm: MakeAlgorithm) -> None:
    found = sides(
        algorithm(
            {
                "predictor.py": "import features",
                "trainer.py": "from report import write",
                "features.py": "import scaling",
                "report.py": "import scaling\nimport plots\nwrite = 1",
                "scaling.py": "",
                "plots.py": "",
                "sample.py": "import scaling",
                "README.md": "",
            }
        )
    )
    assert found["features.py"] == {"serving"}
    assert found["scaling.py"] == BOTH
    assert found["report.py"] == found["plots.py"] == {"training"}
    assert found["sample.py"] == found["README.md"] == set()


@pytest.mark.parametrize(
    "statement",
    [
        "def f():\n    import extra",
        "if 1 > 2:\n    import extra",
        "try:\n    import extra\nexcept ImportError:\n    extra = None",
        "try:\n    from .extra import x\nexcept ImportError:\n    from extra import x",
        "from extra import *",
        "class A:\n    from extra import x",
        "import importlib\nimportlib.import_module('extra')",
        "from importlib import import_module\nlambda: import_module('extra')",
        "__import__('extra')",
        "import runpy\nrunpy.run_module('extra')",
        "if not TYPE_CHECKING:\n    import extra",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    pass\nelse:\n    import extra",
    ],
)
def test_every_kind_of_import_is_seen(algorithm: MakeAlgorithm, statement: str) -> None:
    found = sides(algorithm({"predictor.py": statement, "extra.py": "x = 1"}))
    assert found["extra.py"] == {"serving"}


@pytest.mark.parametrize(
    "statement",
    [
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import extra",
        "import typing\nif typing.TYPE_CHECKING:\n    from extra import x",
        "'import extra'",
    ],
)
def test_what_never_runs_does_not_count(algorithm: MakeAlgorithm, statement: str) -> None:
    assert sides(algorithm({"predictor.py": statement, "extra.py": ""}))["extra.py"] == set()


def test_packages_with_relative_and_star_imports(algorithm: MakeAlgorithm) -> None:
    found = sides(
        algorithm(
            {
                "predictor.py": "from shop.serving.answers import answer",
                "trainer.py": "from shop import *",
                "shop/__init__.py": "__all__ = ['learning']",
                "shop/learning.py": "from . import base",
                "shop/base.py": "",
                "shop/other.py": "",
                "shop/serving/__init__.py": "",
                "shop/serving/answers.py": "from ..base import *\nfrom . import words\nanswer = 1",
                "shop/serving/words.py": "import importlib\n"
                "importlib.import_module('.late', __package__)\n"
                "importlib.import_module('.later', 'shop.serving')",
                "shop/serving/late.py": "",
                "shop/serving/later.py": "",
            }
        )
    )
    assert found["shop/__init__.py"] == found["shop/base.py"] == BOTH
    assert found["shop/learning.py"] == {"training"}
    assert found["shop/serving/words.py"] == found["shop/serving/__init__.py"] == {"serving"}
    assert found["shop/serving/late.py"] == found["shop/serving/later.py"] == {"serving"}
    assert found["shop/other.py"] == set()


def test_namespace_packages_and_cycles(algorithm: MakeAlgorithm) -> None:
    found = sides(
        algorithm(
            {
                "predictor.py": "import parts.inner.left",
                "parts/inner/left.py": "import parts.inner.right",
                "parts/inner/right.py": "from parts.inner import left",
                "parts/alone.py": "",
            }
        )
    )
    assert found["parts/inner/left.py"] == found["parts/inner/right.py"] == {"serving"}
    assert found["parts/alone.py"] == set()


def test_a_script_behind_the_adapter_is_serving(algorithm: MakeAlgorithm) -> None:
    found = sides(
        algorithm(
            {
                "code/inference.py": "import words, letters",
                "code/letters.py": "",
                "words.py": "",
                "code/other.py": "",
            },
            toml='trainer = "trainer:T"\npredictor = "framework.adapter:ScriptPredictor"\n'
            'script = "code/inference.py"\n',
        )
    )
    assert found["code/inference.py"] == found["words.py"] == {"serving"}
    assert found["code/letters.py"] == {"serving"}
    assert found["code/other.py"] == set()


def test_an_import_that_cannot_be_known_counts_all_code(algorithm: MakeAlgorithm) -> None:
    made = algorithm(
        {
            "predictor.py": "import importlib\ndef f(n):\n    importlib.import_module(n)",
            "plugin.py": "",
            "notes.md": "",
        }
    )
    assert sides(made)["plugin.py"] == {"serving"}
    assert sides(made)["trainer.py"] == BOTH
    assert sides(made)["notes.md"] == set()
    code = code_of(made)
    assert [(u["path"], u["line"], u["side"]) for u in code.unknown] == [
        ("predictor.py", 3, "serving")
    ]
    assert "predictor.py, line 3" in code.warnings[0]
    assert "dynamic_imports" in code.warnings[0]


@pytest.mark.parametrize(
    "hiding",
    [
        "import importlib as i\ni.import_module('a' + x)",
        "from importlib import import_module as load\nload('plugin')",
        "import importlib\nlist(map(importlib.import_module, names))",
        "import importlib\nimportlib.import_module('.plugin', package)",
        "exec(open('plugin.py').read())",
        "import sys\nsys.path.insert(0, 'elsewhere')",
        "import sys\nsys.path += ['elsewhere']",
        "import runpy\nrunpy.run_path('x')",
        "from importlib.util import spec_from_file_location\nspec_from_file_location('a', b)",
        "import pkgutil\nfor m in pkgutil.iter_modules(p): pass",
    ],
)
def test_hidden_imports_are_noticed(algorithm: MakeAlgorithm, hiding: str) -> None:
    made = algorithm({"trainer.py": hiding, "plugin.py": ""})
    assert sides(made)["plugin.py"] == {"training"}
    assert {u["path"] for u in code_of(made).unknown} == {"trainer.py"}


def test_declared_imports_and_data_belong_to_both(algorithm: MakeAlgorithm) -> None:
    made = algorithm(
        {
            "predictor.py": "import importlib\nimportlib.import_module(name)",
            "plugins/extra.py": "import deeper",
            "deeper.py": "",
            "other.py": "",
            "words/a.txt": "",
            "words/b.txt": "",
        },
        code='dynamic_imports = ["plugins.extra"]\ndata_files = ["words/*.txt"]',
    )
    found = sides(made)
    assert found["plugins/extra.py"] == found["deeper.py"] == BOTH
    assert found["words/a.txt"] == found["words/b.txt"] == BOTH
    assert found["other.py"] == set()
    assert code_of(made).unknown == []


def test_a_directory_can_be_declared_as_data(algorithm: MakeAlgorithm) -> None:
    made = algorithm({"words/deep/a.txt": ""}, code='data_files = ["words"]')
    assert sides(made)["words/deep/a.txt"] == BOTH


def test_declared_data_that_is_not_there(algorithm: MakeAlgorithm) -> None:
    with pytest.raises(AlgorithmNotFound, match=r"data_files names 'wrods.txt', but no file"):
        code_of(algorithm({"words.txt": ""}, code='data_files = ["wrods.txt"]'))


def test_a_data_file_belongs_to_the_code_that_names_it(algorithm: MakeAlgorithm) -> None:
    found = sides(
        algorithm(
            {
                "predictor.py": "from pathlib import Path\nPath(__file__).parent / 'words.txt'",
                "trainer.py": "open('tables/prices.csv')\njob.channels['train']",
                "words.txt": "",
                "tables/prices.csv": "",
                "sample/train/rows.csv": "",
            }
        )
    )
    assert found["words.txt"] == {"serving"}
    assert found["tables/prices.csv"] == {"training"}
    assert found["sample/train/rows.csv"] == set()


@pytest.mark.parametrize("name", ["queue", "numpy", "framework"])
def test_a_module_with_a_taken_name_is_shared_and_warned_of(
    algorithm: MakeAlgorithm, name: str
) -> None:
    made = algorithm({f"{name}.py": "x = 1", "predictor.py": f"import {name}"})
    assert sides(made)[f"{name}.py"] == BOTH
    assert any(f"{name}.py has the name of" in warning for warning in code_of(made).warnings)
    assert any(file.path == "framework/predictor.py" for file in code_of(made).files)


def test_a_directory_gives_way_to_an_installed_package(algorithm: MakeAlgorithm) -> None:
    made = algorithm({"numpy/data.csv": "", "predictor.py": "import numpy"})
    assert "numpy" in code_of(made).imports["serving"]


def test_both_classes_in_one_module(algorithm: MakeAlgorithm) -> None:
    made = algorithm(
        {"model.py": "import framework"}, toml='trainer = "model:T"\npredictor = "model:P"\n'
    )
    assert sides(made)["model.py"] == BOTH
    assert "none is serving-only" in code_of(made).warnings[0]


def test_another_class_in_the_same_module_is_a_change(algorithm: MakeAlgorithm) -> None:
    def hashes(toml: str) -> dict[str, str]:
        return {file.path: file.sha256 for file in code_of(algorithm(toml=toml)).files}

    before = hashes('trainer = "trainer:T"\npredictor = "predictor:P"\n')
    after = hashes('trainer = "trainer:T"\npredictor = "predictor:Q"\n')
    sampled = hashes('trainer = "trainer:T"\npredictor = "predictor:P"\n[check]\nstart_seconds=9\n')
    assert {path for path in before if before[path] != after[path]} == {"algorithm.toml#predictor"}
    assert sampled == before


def test_a_syntax_error_names_file_and_line(algorithm: MakeAlgorithm) -> None:
    made = algorithm({"trainer.py": "import broken", "broken.py": "x = 1\ndef f(:\n"})
    with pytest.raises(AlgorithmNotFound, match=r"broken\.py, line 2, is not valid Python"):
        code_of(made)


@pytest.mark.parametrize("text", ["def f():\n    from os import *", "return 1", "x = '\0'"])
def test_what_only_the_compiler_refuses_is_named_too(algorithm: MakeAlgorithm, text: str) -> None:
    made = algorithm({"predictor.py": "import broken", "broken.py": text})
    with pytest.raises(AlgorithmNotFound, match=r"broken\.py.* is not valid Python"):
        code_of(made)


def test_a_class_of_an_installed_package(algorithm: MakeAlgorithm) -> None:
    code = code_of(algorithm(toml='trainer = "numpy:T"\npredictor = "pandas.core:P"\n'))
    assert code.imports["serving"]["pandas"] == "algorithm.toml"
    assert code.imports["training"]["numpy"] == "algorithm.toml"
    assert {"predictor.py", "trainer.py"} <= set(code.unreached)


def test_an_unreached_file_may_be_broken(algorithm: MakeAlgorithm) -> None:
    assert sides(algorithm({"draft.py": "def f(:"}))["draft.py"] == set()


def test_hidden_and_generated_files_are_not_listed(algorithm: MakeAlgorithm) -> None:
    made = algorithm(
        {
            ".git/config": "",
            ".env": "",
            "__pycache__/a.pyc": "",
            "venv/pyvenv.cfg": "",
            "venv/lib/a.py": "",
        }
    )
    assert code_of(made).unreached == []


def test_the_framework_is_split_by_side(algorithm: MakeAlgorithm) -> None:
    found = {file.path: set(file.via) for file in code_of(algorithm()).files}
    assert found["framework/__main__.py"] == found["framework/errors.py"] == BOTH
    assert found["framework/serving/app.py"] == found["framework/serving/prove.py"] == {"serving"}
    assert found["framework/training/child.py"] == {"training"}
    assert found["framework/training/job.py"] == {"training"}
    assert not [path for path in found if path.startswith("framework/testing")]
    assert not [path for path in found if path.startswith("framework/inspection")]


@pytest.mark.parametrize(
    "directory",
    ["container", "tests/algorithms/adapted_script", "tests/algorithms/resumable_mlp"],
)
@pytest.mark.parametrize("side", ["serving", "training"])
def test_every_file_that_python_loads_was_seen(directory: str, side: str) -> None:
    """The static graph holds at least what really is imported."""
    made = Algorithm.load(PROJECT / directory)
    cls = "predictor_class" if side == "serving" else "trainer_class"
    script = (
        "import sys; from framework.algorithm import Algorithm\n"
        f"import framework.{side}.program\n"
        f"Algorithm.load(__import__('pathlib').Path({directory!r})).{cls}()\n"
        "print(*(m.__file__ for m in sys.modules.values() if getattr(m, '__file__', None)),"
        "sep='\\n')"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", script],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    files = [Path(line) for line in loaded.stdout.splitlines()]
    ours = {
        file.relative_to(base).as_posix()
        for base in (made.directory, PROJECT)
        for file in files
        if file.is_relative_to(made.directory if base == made.directory else PROJECT / "framework")
    }
    assert ours
    assert ours <= {file.path for file in code_of(made).files if side in file.via}
