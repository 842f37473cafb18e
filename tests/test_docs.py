"""What the documentation promises: commands, variables, messages and links exist, its code runs.

Blocks of README that begin with a file's name are written below the directory that its ``mkdir``
made, and its ``sh`` blocks are run; ``bash`` blocks are not, but for those with `docker run`.
tests/container/test_tutorial.py does the same with the tutorial.
"""

import ast
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from docker.models.images import Image

from ci.__main__ import parser as ci_parser
from framework import errors
from framework.__main__ import COMMANDS
from framework.testing.checks import CHECKS
from framework.testing.program import parser as check_parser
from local_test.aws.calls import markdown
from local_test.options import parser as bench_parser

PROJECT = Path(__file__).parents[1]
ROOMS = ("container", "framework", "local_test", "ci", "tests")
ROOM_PAGES = [PROJECT / room / "README.md" for room in ROOMS]
PAGES = [*sorted(PROJECT.glob("*.md")), *sorted(PROJECT.glob("docs/*.md")), *ROOM_PAGES]
FILE_NAME = re.compile(r"# ([\w./]+\.\w+)\n")
FENCE = re.compile(r"^```([^\n`]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
VARIABLE = re.compile(
    r"(?:SAGEMAKER|SERVING|TRAINING|SM|ALGORITHM|OMP|OPENBLAS|MKL)_[A-Z0-9_]*[A-Z0-9]"
    r"|IMAGE_DIGEST|GIT_COMMIT"
    r"|dataset_(?:source|format)|output_path|(?:start|end)_time|baseline_(?:statistics|constraints)"
    r"|publish_cloudwatch_metrics|sagemaker_[a-z_]+_name"
)
SET_BY_OTHERS = {  # documented, because SageMaker sets it and people ask; nothing here reads it
    "SAGEMAKER_SAFE_PORT_RANGE",
    "TRAINING_JOB_ARN",
}
EXAMPLES = {"SM_CHANNEL_TRAIN", "SM_HP_RATE"}  # of names that are made of channels and fields


@dataclass(frozen=True)
class Block:
    """One fenced block: the words after the fence, and its content."""

    info: str
    text: str

    @property
    def language(self) -> str:
        return self.info.partition(" ")[0]


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def blocks(page: Path) -> list[Block]:
    return [Block(*found) for found in FENCE.findall(text_of(page))]


def commands(page: Path) -> Iterator[list[str]]:
    """Every command line of the page: in shell blocks, and in backticks within sentences."""
    prose = FENCE.sub("", text_of(page))
    lines = re.findall(r"`((?:python -m|make) [^`]+)`", prose)
    for block in blocks(page):
        if block.language in ("sh", "bash"):
            lines += block.text.splitlines()
    for line in lines:
        yield shlex.split(line.replace("\n", " "), comments=True)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_commands_exist(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    scripts = {
        f"{kind}-{script.stem}"
        for kind, folder in (("drill", "tests/drills"), ("bench", "benchmarks"))
        for script in (PROJECT / folder).glob("[a-z]*.py")
    }
    for words in commands(page):
        if words[:1] == ["make"]:
            named = [word for word in words[1:] if "=" not in word]
            assert set(named) <= targets | scripts, words
        elif words[:3] == ["python", "-m", "framework"]:
            assert words[3] in COMMANDS, words
            if words[3] == "check":
                check_parser().parse_args(words[4:])
            else:
                assert words[4:] == ["--source"] * (words[3] == "describe" and len(words) > 4), (
                    words
                )
        elif words[:3] == ["python", "-m", "local_test"] and words[3:] and "|" not in words:
            bench_parser().parse_args(words[3:])
        elif words[:3] == ["python", "-m", "ci"] and words[3:] and "|" not in words:
            ci_parser().parse_args(words[3:])
        assert not capsys.readouterr().err, words


def test_every_command_is_documented() -> None:
    pages = "\n".join(map(text_of, PAGES))
    bench = re.findall(r"^    ([a-z]+) ", bench_parser().format_help(), re.MULTILINE)
    targets = re.findall(r"^([a-z-]+):.*##", (PROJECT / "Makefile").read_text(), re.MULTILINE)
    assert {"train", "demo"} <= {*bench, *targets}
    expected = [f"python -m local_test {name}" for name in bench]
    expected += [f"python -m framework {name}" for name in COMMANDS]
    expected += [
        f"python -m ci {name}"
        for name in re.findall(r"^    ([a-z]+) ", ci_parser().format_help(), re.MULTILINE)
    ]
    expected += [f"make {target}" for target in targets]
    assert [command for command in expected if command not in pages] == []


def variables_in_code() -> set[str]:
    found = set()
    for file in (PROJECT / "framework").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_bytes())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found |= {node.value} if VARIABLE.fullmatch(node.value) else set()
    for line in (PROJECT / "Dockerfile").read_text().splitlines():
        found |= {name for name in re.findall(r"([A-Z_]+)=", line) if VARIABLE.fullmatch(name)}
    return found


def test_every_variable_is_documented_and_exists() -> None:
    documented = {
        name
        for page in PAGES
        for quoted in re.findall(r"`([^`\n]+)`", text_of(page))
        for name in VARIABLE.findall(quoted)
    }
    code = variables_in_code()
    assert "SAGEMAKER_BIND_TO_PORT" in code
    assert sorted(code - documented) == []
    assert sorted(documented - code - SET_BY_OTHERS - EXAMPLES) == []


def test_no_other_variable_is_read() -> None:
    """Whatever the framework asks the environment for has a name that the test above knows."""
    unknown = []
    for file in (PROJECT / "framework").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_bytes())):
            words = ast.unparse(node) if isinstance(node, ast.Call | ast.Subscript) else ""
            asked = re.match(r"os\.(?:environ\.get\(|environ\[|getenv\()'(\w+)'", words)
            if asked and asked[1] != "PYTHONPATH" and not VARIABLE.fullmatch(asked[1]):
                unknown.append(f"{file.relative_to(PROJECT)}: {asked[1]}")
    assert unknown == []


def anchors(page: Path) -> set[str]:
    """The anchors that GitLab and GitHub make of the page's headings."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", text_of(page)), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_links_resolve(page: Path) -> None:
    broken = []
    for link in re.findall(r"\]\(([^)]+)\)", FENCE.sub("", text_of(page))):
        if re.match(r"[a-z]+:", link):
            continue
        target, _, anchor = link.partition("#")
        path = (page.parent / target).resolve() if target else page
        if not path.exists() or (anchor and anchor not in anchors(path)):
            broken.append(link)
    assert broken == []


def test_code_refers_to_pages_and_headings_that_exist() -> None:
    missing = []
    for file in (*PROJECT.glob("framework/**/*.py"), *PROJECT.glob("local_test/**/*.py")):
        for page, heading in re.findall(r'(docs/\w+\.md)(?:, "([^"]+)")?', text_of(file)):
            exists = (PROJECT / page).is_file()
            if not exists or (heading and f"# {heading}\n" not in text_of(PROJECT / page)):
                missing.append(f"{file.relative_to(PROJECT)}: {page} {heading}")
    assert missing == []


def test_exit_codes_and_errors_are_documented() -> None:
    page = text_of(PROJECT / "docs/errors.md")
    codes = {value for name, value in vars(errors).items() if name.startswith("EXIT_")}
    table = page.partition("## Exit codes")[2].partition("## ")[0]
    assert codes == {int(code) for code in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)}
    classes = [
        name
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, Exception)
    ]
    tree = page.partition("## The tree")[2].partition("## ")[0]
    assert "RequestError" in classes
    assert [name for name in classes if name not in tree] == []


def test_every_message_is_documented() -> None:
    """Each error that the framework raises is known to docs/errors.md by a part of its words."""
    page = " ".join(text_of(PROJECT / "docs/errors.md").replace("`", "").split())
    kinds = {name for name, value in vars(errors).items() if isinstance(value, type)} | {"Busy"}
    unknown = []
    for file in sorted((PROJECT / "framework").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_bytes())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in kinds:
                parts = [part for word in node.args for part in literals(word)]
                if parts and not any(part in page for part in parts):
                    unknown.append(f"{file.relative_to(PROJECT)}:{node.lineno}: {parts}")
    assert unknown == []


def literals(node: ast.expr) -> list[str]:
    """The sentences' pieces between the placeholders, long enough to be recognised."""
    constants = (part.value for part in ast.walk(node) if isinstance(part, ast.Constant))
    texts = [" ".join(text.split()) for text in constants if isinstance(text, str)]
    pieces = [piece.strip() for text in texts for piece in re.split(r"(?<=\.) ", text)]
    return [piece for piece in pieces if len(piece) >= 12]


def test_every_check_is_documented() -> None:
    page = text_of(PROJECT / "docs/errors.md")
    assert [c.name for c in CHECKS if f"| `{c.name}` | {c.purpose} |" not in page] == []


@pytest.mark.parametrize("page", ROOM_PAGES, ids=lambda page: page.parent.name)
def test_a_room_says_its_rule_in_ten_lines(page: Path) -> None:
    assert len(text_of(page).splitlines()) <= 10


def test_the_algorithm_of_the_readme_trains(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(PROJECT),
        "DOCKER_HOST": f"unix://{tmp_path}/no-engine",
    }
    directory = tmp_path
    for block in blocks(PROJECT / "README.md"):
        if name := FILE_NAME.match(block.text):
            (directory / name[1]).write_text(block.text, encoding="utf-8")
        for line in block.text.splitlines() if block.language == "sh" else ():
            words = shlex.split(line)
            subprocess.run(words, cwd=tmp_path, env=environment, timeout=120, check=True)
            directory = tmp_path / words[1] if words[0] == "mkdir" else directory
    assert list(tmp_path.glob("build/jobs/*/model.tar.gz"))


@pytest.mark.docker
@pytest.mark.timeout(600)
def test_plain_docker_lines_of_the_readme(algorithm_image: Image, tmp_path: Path) -> None:
    """As written, but for the image's name and the port, which the engine chooses here."""
    lines = next(b.text for b in blocks(PROJECT / "README.md") if "docker run" in b.text)
    asked = next(b.text for b in blocks(PROJECT / "README.md") if "curl" in b.text)
    lines = lines.replace("make image\n", "").replace(
        "sagemaker-container:algorithm", str(algorithm_image.id)
    )
    *prepared, served = lines.strip().splitlines()
    served = served.replace("-p 8080:8080", "-d -p 127.0.0.1::8080")
    script = "\n".join(
        [
            "set -eu",
            *prepared,
            f"container=$({served})",
            'trap \'docker rm -f "$container" >/dev/null; '
            f'docker run --rm -v "$PWD/ml:/opt/ml" --entrypoint chmod {algorithm_image.id} '
            "-R a+rwX /opt/ml' EXIT",
            'address=$(docker port "$container" 8080 | head -1)',
            "for _ in $(seq 100); do curl -sf $address/ping >/dev/null && break; sleep 0.2; done",
            asked.replace("localhost:8080", "$address"),
        ]
    )
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "HTTP/1.1 200 OK" in done.stdout
    assert '"species":"Gentoo"' in done.stdout
    assert (tmp_path / "ml/model/manifest.json").exists()


def test_the_table_of_local_calls_is_the_one_that_is_used() -> None:
    assert markdown() in text_of(PROJECT / "docs/local-aws.md")
