"""How gitlab-ci-local is called, so that jobs are processes of this machine."""

import itertools
import json
import os
import re
import shlex
import signal
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).parents[2]
INSTALLED = PROJECT / ".venv" / "gitlab-ci-local"
COMMAND = (INSTALLED / "bin" / "node", INSTALLED / "node_modules" / ".bin" / "gitlab-ci-local")
STATE = ".gitlab-ci-local"
NO_SCHEMA = "--no-json-schema-validation"  # for files of ours, made from one that was validated
CHATTER = re.compile(
    "parsing and downloads finished|json schema validated|^downloaded "
    "|Using fallback git user|Command failed.*: git config user"
)
OF_A_JOB = ("CI_JOB_ID", "CI_JOB_URL")
JOB_URL = "$CI_PROJECT_URL/-/jobs/$CI_JOB_ID"
# Sourced by a job: holds the lock of its resource group until the job's shell has ended.
TAKE = 'exec 9>"${BASH_SOURCE%/*}/${1//\\//-}.lock"; flock 9\n'

job_ids = itertools.count(100_001)


class NotCreated(Exception):
    """GitLab would not create this pipeline; the message says why."""


@dataclass(frozen=True)
class Listed:
    """The jobs of a pipeline as their rules decide, its whole YAML, and what is odd in it."""

    jobs: list[dict[str, Any]]
    expanded: dict[str, Any]
    complaints: str


@dataclass(frozen=True)
class Runner:
    """Calls gitlab-ci-local in a clone.

    ``compares_changes`` is False where GitLab holds every `rules: changes` for true;
    ``resources`` is the directory of the locks that all pipelines of a project share.
    """

    directory: Path
    variables: Mapping[str, str]
    unset: Iterable[str]
    environment: Mapping[str, str]
    resources: Path
    compares_changes: bool
    timeout: float

    @property
    def state(self) -> Path:
        """Where gitlab-ci-local keeps logs, artifacts and the clones of jobs."""
        return self.directory / STATE

    def listed(self, file: str) -> Listed:
        """What the pipeline of a file consists of; no jobs where `workflow: rules` want none."""
        done = self._call("--list-json", f"--file={file}")
        said = (line for line in done.stderr.splitlines() if line and not CHATTER.search(line))
        complaints = "\n".join(said)
        if done.returncode:
            raise NotCreated(complaints)
        expanded = yaml.safe_load((self.state / "expanded-gitlab-ci.yml").read_text())
        if any("trigger" in entry for entry in expanded.values() if isinstance(entry, dict)):
            raise NotImplementedError("child pipelines do not run here")
        jobs = jobs_in(done.stdout) if self._is_wanted(expanded) else []
        return Listed(jobs, expanded, complaints)

    def run(self, expanded: Mapping[str, Any], jobs: Iterable[str], manual: Iterable[str]) -> str:
        """Runs jobs of a pipeline in their order, and returns all that was printed."""
        self.resources.mkdir(parents=True, exist_ok=True)
        (self.resources / "take").write_text(TAKE)
        return self._call(
            self._written("pipeline.yml", self._for_this_machine(expanded)),
            NO_SCHEMA,
            "--force-shell-executor",
            "--shell-isolation",
            "--no-artifacts-to-source",
            *(f"--manual={name}" for name in manual),
            *jobs,
            stderr=subprocess.STDOUT,
        ).stdout

    def _is_wanted(self, expanded: Mapping[str, Any]) -> bool:
        """Asks for a job with the rules of the workflow, which gitlab-ci-local does not keep."""
        rules = expanded.get("workflow", {}).get("rules")
        if rules is None:
            return True
        asked = {key: expanded[key] for key in ("variables",) if key in expanded}
        asked["pipeline"] = {"script": "true", "rules": rules}
        file = self._written("workflow.yml", asked)
        (pipeline,) = jobs_in(self._call("--list-json", file, NO_SCHEMA).stdout)
        return pipeline["when"] != "never"

    def _written(self, name: str, content: Mapping[str, Any]) -> str:
        (self.state / name).write_text(json.dumps(content))
        return f"--file={STATE}/{name}"

    def _for_this_machine(self, expanded: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: self._here(entry) if isinstance(entry, dict) and "script" in entry else entry
            for name, entry in expanded.items()
            if name not in ("include", "default")
        }

    def _here(self, job: Mapping[str, Any]) -> dict[str, Any]:
        """A job without image and services, with a number of its own, behind its resource's lock.

        Whether a job `on_failure` runs has been decided before gitlab-ci-local hears of it.
        """
        here = {key: value for key, value in job.items() if key not in ("image", "services")}
        for rule in (here, *here.get("rules", ())):
            if rule.get("when") == "on_failure":
                rule["when"] = "always"
        numbered = dict(zip(OF_A_JOB, (f"{next(job_ids)}$CI_NODE_INDEX", JOB_URL), strict=True))
        here["variables"] = {**here.get("variables", {}), **numbered}
        if group := here.pop("resource_group", None):
            take = shlex.quote(str(self.resources / "take"))
            here["before_script"] = [f'. {take} "{group}"', *here.get("before_script", ())]
        return here

    def _call(
        self, *arguments: str, stderr: int = subprocess.PIPE
    ) -> subprocess.CompletedProcess[str]:
        known = ",".join((*self.variables, *OF_A_JOB))
        options = [f"--unset-variable={name}" for name in self.unset]
        if not self.compares_changes:
            options.append("--no-evaluate-rule-changes")
        process = subprocess.Popen(
            [*COMMAND, "--no-color", f"--ignore-predefined-vars={known}", *options, *arguments],
            cwd=self.directory,
            env={
                **self.environment,
                **{f"GCL_VARIABLE_{name}": text for name, text in self.variables.items()},
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            start_new_session=True,
        )
        try:
            out, err = process.communicate(timeout=self.timeout)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def jobs_in(printed: str) -> list[dict[str, Any]]:
    return json.loads(printed[printed.index("[\n") :])
