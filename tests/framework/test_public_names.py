"""The public names are written down three times; they agree."""

import ast
from pathlib import Path

import framework


def test_type_checkers_see_what_python_imports() -> None:
    tree = ast.parse(Path(framework.__file__).read_bytes())
    block = next(node for node in tree.body if isinstance(node, ast.If))
    shown = {a.name: node.module for node in block.body for a in node.names}
    assert shown == {name: framework._HOMES[name] for name in framework.__all__}


def test_an_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(framework, "Trainr")
