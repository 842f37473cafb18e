"""A developer of the shop: a git repository with the algorithm, and pushes without any engine."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from local_test.aws import images
from local_test.aws.server import LocalAws
from tests.ci.environment_of_shop import PROJECT, SHOP, Shop

IDENTITY = ("-c", "user.name=dev", "-c", "user.email=dev@example.org")
FEATURES = '''"""What trainer and predictor agree on."""

COLUMNS = ["area"]
'''


class Developer(Shop):
    """A shop whose algorithm is in a repository.

    Attributes:
        clone: the working copy.
    """

    def __init__(self, aws: LocalAws, place: Path, project: str = "shop"):
        super().__init__(aws, place, project)
        self.clone = place / f"{project}-clone"
        self._images = 0
        shutil.copytree(SHOP, self.clone / "container", ignore=shutil.ignore_patterns("__py*"))
        shutil.copytree(
            PROJECT / "framework",
            self.clone / "framework",
            ignore=shutil.ignore_patterns("__pycache__"),
        )
        shutil.copy(PROJECT / "Dockerfile", self.clone)
        self.edit({"container/features.py": FEATURES})
        for side in ("trainer", "predictor"):
            self.add_line(f"container/{side}.py", "from features import COLUMNS  # noqa")
        self.git("init", "--quiet", "--initial-branch=main")
        self.commit(message="The shop")

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", *IDENTITY, *arguments],
            cwd=self.clone,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def edit(self, files: Mapping[str, str | None]) -> None:
        """Write files; None removes one."""
        for name, text in files.items():
            path = self.clone / name
            if text is None:
                path.unlink()
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)

    def add_line(self, name: str, line: str) -> None:
        """At the end of a file."""
        path = self.clone / name
        self.edit({name: f"{path.read_text() if path.exists() else ''}\n{line}\n"})

    def replace(self, name: str, old: str, new: str) -> None:
        """In a file that has it."""
        text = (self.clone / name).read_text()
        assert old in text
        self.edit({name: text.replace(old, new)})

    def commit(self, files: Mapping[str, str | None] = {}, message: str = "A change") -> str:
        self.edit(files)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        return self.git("rev-parse", "HEAD")

    def ci(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """A command as a pipeline's job runs it, in the clone."""
        process = self.starts(*arguments, module="ci", **settings)
        try:
            said, told = process.communicate(timeout=170)
        finally:
            process.kill()
        return subprocess.CompletedProcess(process.args, process.returncode, said, told)

    def starts(
        self, *arguments: str, module: str = "tests.ci.hurried", **settings: str
    ) -> subprocess.Popen[str]:
        """The same, which is not waited for; it waits shorter than people would."""
        command, *more = arguments
        environment = {
            **os.environ,
            "PYTHONPATH": str(PROJECT),
            "AWS_ENDPOINT_URL": self.world.url,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "DOCKER_HOST": "unix:///nonexistent.sock",
            **settings,
        }
        return subprocess.Popen(
            [sys.executable, "-m", module, command, str(self.settings), *more],
            cwd=self.clone,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def does(self, *arguments: str, **settings: str) -> str:
        """The same, which must succeed; what it printed."""
        done = self.ci(*arguments, **settings)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def publish(self) -> str:
        """Without an engine: register the algorithm, and keep its description."""
        self._images += 1
        repository = self.outputs("foundation")["RepositoryName"]
        source = self.clone / "container"
        tag = f"v{self._images}"
        image = images.register(self.world, source, repository, tag, self.region)
        description = self.settings.with_name("description.json")
        description.write_text(self.described())
        self.does("publish", "--image", image, "--description", str(description))
        return image

    def described(self) -> str:
        """What `describe` in an image of this working copy prints."""
        return subprocess.run(
            [sys.executable, "-m", "framework", "describe"],
            env={
                **os.environ,
                "ALGORITHM_DIR": str(self.clone / "container"),
                "PYTHONPATH": str(self.clone),
            },
            cwd=self.settings.parent,
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    def push(self, **settings: str) -> str:
        """Publish and release what is committed; what `release` printed."""
        return self.does("release", "--image", self.publish(), **settings)

    def pointer(self) -> str:
        name = self.outputs("retraining")["PointerParameter"]
        return self.client("ssm").get_parameter(Name=name)["Parameter"]["Value"]
