"""From a TOML file to a typed environment; every name, type and combination is checked."""

import tomllib
import typing
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from ci.environment.rules import problems_of
from ci.environment.tables import Environment
from ci.errors import EnvironmentFault

DIRECTORY = Path(__file__).parents[1] / "environments"


def file_of(name_or_path: str) -> Path:
    """ci/environments/NAME.toml, or the file of that path."""
    path = Path(name_or_path)
    return path if path.suffix == ".toml" else DIRECTORY / f"{name_or_path}.toml"


def read_environment(name_or_path: str) -> Environment:
    """Read ci/environments/NAME.toml, or the file of that path.

    Raises:
        EnvironmentFault: there is no such file, or it cannot be meant.
    """
    path = file_of(name_or_path)
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        known = ", ".join(sorted(file.stem for file in DIRECTORY.glob("*.toml")))
        raise EnvironmentFault(
            f"There is no environment file {path}. There are: {known}; or name a file."
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise EnvironmentFault(f"{path} is not TOML: {error}.") from None
    environment = _built(Environment, given, str(path), "")
    if problems := problems_of(environment):
        raise EnvironmentFault(f"{path}: " + " ".join(problems))
    return environment


def _built(kind: Any, given: Any, path: str, place: str) -> Any:
    """A dataclass of a TOML table, with every name and type checked."""
    if not isinstance(given, Mapping):
        raise EnvironmentFault(f"{path}: [{place.rstrip('.')}] must be a table.")
    known = {one.name: one for one in fields(kind)}
    if unknown := sorted(given.keys() - known.keys()):
        near = get_close_matches(unknown[0], known, 1)
        meant = f" Did you mean {place}{near[0]}?" if near else f" There are: {', '.join(known)}."
        raise EnvironmentFault(f"{path}: there is no {place}{unknown[0]}.{meant}")
    missing = [
        name
        for name, one in known.items()
        if one.default is MISSING and one.default_factory is MISSING and name not in given
    ]
    if missing:
        raise EnvironmentFault(f"{path} lacks {place}{missing[0]}.")
    types = typing.get_type_hints(kind)
    return kind(
        **{
            name: _converted(types[name], value, path, f"{place}{name}")
            for name, value in given.items()
        }
    )


def _converted(kind: Any, value: Any, path: str, name: str) -> Any:
    options = [option for option in typing.get_args(kind) if option is not type(None)]
    if type(None) in typing.get_args(kind):
        kind = options[0]
    if is_dataclass(kind):
        return _built(kind, value, path, f"{name}.")
    origin = typing.get_origin(kind)
    if origin is Literal:
        if value in typing.get_args(kind):
            return value
        choices = ", ".join(typing.get_args(kind))
        raise EnvironmentFault(f"{path}: {name} = {value!r} is none of {choices}.")
    if origin is tuple and isinstance(value, list) and all(isinstance(v, str) for v in value):
        return tuple(value)
    if origin is not None and issubclass(origin, Mapping) and isinstance(value, dict):
        return {key: str(item) for key, item in value.items()}
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if origin is None and type(value) is kind:
        return value
    wanted = "a list of texts" if origin is tuple else getattr(kind, "__name__", "a table")
    raise EnvironmentFault(f"{path}: {name} = {value!r} must be {wanted}.")
