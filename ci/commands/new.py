"""`new`: an algorithm in a repository of its own, which its first push takes to AWS."""

import re
import shutil
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path

from ci.environment import DIRECTORY, read_environment
from ci.errors import EXIT_OK, CiError
from ci.repository import Repository

STARTER = Path(__file__).parents[1] / "new"
PROJECT = re.compile("[a-z][a-z0-9-]{1,30}")
EXAMPLES = {  # option → the value that the starter's files have for it
    "base": "registry.example.com/group/sagemaker-container/base:latest",
    "image": "registry.example.com/group/sagemaker-container/pipeline:latest",
    "template_project": "group/sagemaker-container",
}
CHANNELS = ("train", "test")
NEXT = "{} is an algorithm with its pipeline.{} Its README says the five commands from here."


def run(options: Namespace) -> int:
    """Write the files, and make them the first commit where git is there.

    Raises:
        CiError: something is in the directory already, or its name cannot be a project's.
    """
    directory: Path = options.directory
    project = _project(directory)
    if directory.exists() and not _is_empty(directory):
        raise CiError(
            f"{directory} is not empty, and nothing there is overwritten. Name a directory that is "
            "new or empty, or a clone of an empty project."
        )
    given = {name: getattr(options, name) for name in EXAMPLES if getattr(options, name)}
    shutil.copytree(
        STARTER,
        directory,
        ignore=shutil.ignore_patterns("__pycache__", ".ruff_cache"),
        dirs_exist_ok=True,
    )
    _fill_in(directory, project, given, options.template_ref)
    _write_environments(directory / "environments", project)
    print(NEXT.format(directory, _committed(directory)))
    for name in EXAMPLES.keys() - given.keys():
        print(f"Put what is yours for {EXAMPLES[name]}, or start again with {_option(name)}.")
    return EXIT_OK


def _project(directory: Path) -> str:
    """The name of its stacks, images and endpoints."""
    name = re.sub("[^a-z0-9]+", "-", directory.resolve().name.lower()).strip("-")
    if not PROJECT.fullmatch(name):
        raise CiError(
            f"{name!r} cannot be the name of a project: it begins with a letter, and has letters, "
            "digits and hyphens, 31 at most. Give the directory another name."
        )
    return name


def _is_empty(directory: Path) -> bool:
    """Of everything but the .git of a fresh clone."""
    return directory.is_dir() and all(path.name == ".git" for path in directory.iterdir())


def _fill_in(directory: Path, project: str, given: Mapping[str, str], ref: str) -> None:
    texts = {EXAMPLES[name]: value for name, value in given.items()}
    for name in ("Dockerfile", ".gitlab-ci.yml", "README.md"):
        file = directory / name
        text = file.read_text(encoding="utf-8")
        for example, value in texts.items():
            text = re.sub(rf"(?<![\w/]){re.escape(example)}", lambda _, to=value: to, text)
        text = text.replace("# penguins", f"# {project}").replace("ref: main", f"ref: {ref}")
        file.write_text(text, encoding="utf-8")


def _write_environments(place: Path, project: str) -> None:
    """The framework's own, with this project's name and channels."""
    place.mkdir()
    for file in DIRECTORY.glob("*.toml"):
        environment = read_environment(str(file))
        text = file.read_text(encoding="utf-8")
        text = text.replace(f'"{environment.project}"', f'"{project}"')
        for channel in environment.data.channels.keys() - set(CHANNELS):
            text = re.sub(rf"^{channel} = .*\n", "", text, flags=re.MULTILINE)
        (place / file.name).write_text(text, encoding="utf-8")


def _committed(directory: Path) -> str:
    try:
        Repository.begin(directory, "An algorithm of its own")
    except CiError as error:
        return f" Commit it yourself: {error}"
    return " It is committed."


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"
