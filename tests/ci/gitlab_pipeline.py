"""One pipeline: its jobs, and which of them start.

gitlab-ci-local starts jobs in the order of stages and needs. Where a person, a failure or a retry
decides, the decision is made here, as GitLab makes it.
"""

import functools
import re
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tests.ci.gitlab_runner import Listed, NotCreated, Runner

FINISHED = re.compile(
    r"(?P<job>.+?) +finished in (?P<time>[\d.]+) (?P<unit>\S+)( +(?P<verdict>FAIL|WARN) \d+ *)?"
)
SUMMARY = re.compile("^ (PASS|WARN|FAIL) ", re.MULTILINE)
SECONDS = {"ns": 1e-9, "μs": 1e-6, "ms": 1e-3, "s": 1, "min": 60, "h": 3600}


@dataclass
class Job:
    """A job of a pipeline.

    ``status`` is success, failed, manual (waits for a person), created (waits for others) or
    skipped; ``allowed``: its failure does not fail the pipeline; ``blocks``: later stages wait
    for the person too.
    """

    name: str
    stage: int
    when: str
    needs: list[str] | None
    blocks: bool
    state: Path = field(repr=False)
    status: str = "created"
    allowed: bool = False
    seconds: float = 0

    @property
    def log(self) -> str:
        """Each line of its script, and what that printed."""
        file = self.state / "output" / f"{self._as_file}.log"
        return file.read_text() if file.exists() else ""

    @property
    def printed(self) -> list[str]:
        """The lines of its log that are no commands."""
        return [line for line in self.log.splitlines() if not line.startswith("$ ")]

    @property
    def artifacts(self) -> Path:
        """The directory of what it leaves for others (not there when it leaves nothing)."""
        return self.state / "artifacts" / self._as_file

    @property
    def failed(self) -> bool:
        return self.status == "failed" and not self.allowed

    @property
    def _as_file(self) -> str:
        def encoded(found: re.Match[str]) -> str:
            return urlsafe_b64encode(found[0].encode()).decode().rstrip("=")

        return re.sub(r"[^\w-]+", encoded, self.name, flags=re.ASCII)

    def is_called(self, need: str) -> bool:
        """Whether a need means this job, or this one of several in parallel."""
        return re.fullmatch(re.escape(need) + r"(: \[.*\]| \d+/\d+)?", self.name) is not None


class Pipeline:
    """The jobs of one pipeline by name; a job that its rules leave out is not among them."""

    def __init__(self, runner: Runner, file: str) -> None:
        self.directory = runner.directory
        self.output = ""
        self._runner = runner
        self._listed = runner.listed(file)
        self.complaints = self._listed.complaints
        self.jobs = created(self._listed, runner.state)

    def __getitem__(self, name: str) -> Job:
        return self.jobs[name]

    @property
    def succeeded(self) -> bool:
        """No job failed that must not fail; manual jobs may still wait."""
        return not any(job.failed for job in self.jobs.values())

    @property
    def statuses(self) -> dict[str, str]:
        return {name: job.status for name, job in self.jobs.items()}

    def status(self, name: str) -> str:
        return self.jobs[name].status if name in self.jobs else "not created"

    def log(self, name: str) -> str:
        return self.jobs[name].log

    def play(self, *names: str, only: Iterable[str] = ()) -> None:
        """Starts manual jobs, or ended ones again, then all that can start because of them."""
        for name in (*names, *only):
            self.jobs[name].status = "created"
        for job in self.jobs.values():
            if job.status == "skipped":
                job.status = "created"
        wanted = self._up_to(only) if only else list(self.jobs.values())
        while self._run([job for job in wanted if self._is_ready(job)]):
            pass
        for job in wanted:
            if job.status == "created" and not self._waits(job):
                job.status = "skipped"

    def _before(self, job: Job) -> list[Job]:
        """The jobs that it directly comes after."""
        if job.needs is None:
            return [other for other in self.jobs.values() if other.stage < job.stage]
        return [
            other
            for other in self.jobs.values()
            if any(other.is_called(need) for need in job.needs)
        ]

    def _up_to(self, names: Iterable[str]) -> list[Job]:
        """Jobs, and all that they come after."""
        found: dict[str, Job] = {}
        left = [self.jobs[name] for name in names]
        while left:
            job = left.pop()
            if job.name not in found:
                found[job.name] = job
                left += self._before(job)
        return list(found.values())

    def _waits(self, job: Job) -> bool:
        """Whether a person has to start it, or something that it comes after."""

        @functools.cache
        def waits(name: str) -> bool:
            job = self.jobs[name]
            if job.status == "manual":
                return True
            before = self._before(job)
            if job.needs is None:
                before = [other for other in before if other.status != "manual" or other.blocks]
            return any(waits(other.name) for other in before)

        return waits(job.name)

    def _is_ready(self, job: Job) -> bool:
        """Whether it may start, now or after others that are ready too."""
        if job.status != "created" or self._waits(job):
            return False
        before = self._before(job)
        failed = any(other.failed for other in before)
        if job.needs is not None:
            failed = failed or any(other.status == "skipped" for other in before)
        return {"always": True, "on_failure": failed}.get(job.when, not failed)

    def _run(self, jobs: list[Job]) -> bool:
        """Runs jobs in their order, and says whether any of them has run."""
        if not jobs:
            return False
        names = [job.name for job in jobs]
        manual = [job.name for job in jobs if job.when == "manual"]
        printed = self._runner.run(self._listed.expanded, names, manual)
        self.output += printed
        lines = (FINISHED.fullmatch(line) for line in printed.splitlines())
        ends = {line["job"]: line for line in lines if line and line["job"] in names}
        if not SUMMARY.search(printed):
            raise AssertionError(f"gitlab-ci-local did not get to the end of {names}:\n{printed}")
        for job in jobs:
            if end := ends.get(job.name):
                job.status = "failed" if end["verdict"] else "success"
                job.allowed = end["verdict"] == "WARN"
                job.seconds = float(end["time"]) * SECONDS[end["unit"]]
            elif job.when in ("on_success", "manual"):
                job.status = "skipped"
        return True


def created(listed: Listed, state: Path) -> dict[str, Job]:
    """The jobs that GitLab creates; NotCreated where one needs a job that is not among them."""
    jobs = {}
    entries = [entry for entry in listed.jobs if entry["when"] != "never"]
    for entry in entries:
        may_fail = entry["allow_failure"]
        if "rules" not in entry:
            may_fail = listed.expanded.get(entry["name"], {}).get("allow_failure", True)
        manual = entry["when"] == "manual"
        jobs[entry["name"]] = Job(
            entry["name"],
            stage=listed.expanded["stages"].index(entry["stage"]),
            when=entry["when"],
            needs=[need["job"] for need in entry["needs"]] if "needs" in entry else None,
            blocks=manual and not may_fail,
            state=state,
            status="manual" if manual else "created",
        )
    for entry in entries:
        for need in entry.get("needs", ()):
            there = any(job.is_called(need["job"]) for job in jobs.values())
            if not (there or need.get("optional")):
                raise NotCreated(f"'{entry['name']}' needs '{need['job']}', which is not there")
    return jobs
