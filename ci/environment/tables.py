"""The tables of an environment file, typed, each with what it defaults to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Policy = Literal["all-at-once", "canary", "linear", "rolling"]


@dataclass(frozen=True)
class Training:
    """Training jobs.

    Attributes:
        max_wait_seconds: for Spot: how long to wait for capacity and to train, in all.
        warm_pool_seconds: how long instances are kept for the next job; 0 is not at all.
        subnets: when one has no capacity, the next is tried.
        isolation: no network for the container.
    """

    instance_type: str = "ml.m5.large"
    instance_count: int = 1
    volume_gb: int = 30
    max_runtime_seconds: int = 3600
    spot: bool = False
    max_wait_seconds: int = 7200
    checkpoints: bool = True
    warm_pool_seconds: int = 0
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    isolation: bool = False
    hyperparameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Tuning:
    """Hyperparameter tuning; ranges and objective are what the algorithm's `describe` prints.

    Attributes:
        enabled: whether runs tune when their input does not say.
    """

    enabled: bool = False
    max_jobs: int = 8
    parallel_jobs: int = 2
    strategy: Literal["Bayesian", "Random", "Grid"] = "Bayesian"
    early_stopping: bool = True


@dataclass(frozen=True)
class Data:
    """Channels: name → prefix in the artifact bucket.

    Attributes:
        held_out: the channel that models are judged on; training does not see it.
    """

    channels: Mapping[str, str] = field(
        default_factory=lambda: {
            "train": "data/train/",
            "validation": "data/validation/",
            "test": "data/test/",
        }
    )
    held_out: str = "test"


@dataclass(frozen=True)
class Evaluation:
    """Judging. ``minimum`` and ``margin`` override the algorithm's own."""

    instance_type: str = "ml.m5.large"
    max_runtime_seconds: int = 3600
    minimum: float | None = None
    margin: float | None = None


@dataclass(frozen=True)
class Serverless:
    """A serverless endpoint instead of instances."""

    memory_mb: int = 2048
    max_concurrency: int = 5


@dataclass(frozen=True)
class Endpoint:
    """The endpoint. ``variant`` must stay what it is: an update cannot rename it."""

    instance_type: str = "ml.m5.large"
    instance_count: int = 1
    variant: str = "AllTraffic"
    serverless: Serverless | None = None
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    isolation: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Deployment:
    """How an update reaches the traffic.

    Attributes:
        step_percent: capacity of the canary, of a linear step or of a rolling batch.
        bake_seconds: how long each step is watched.
        rollback_on_alarms: alarms on the new fleet bring the old one back.
        error_percent: 5xx answers, in percent of the invocations, above which it alarms.
        latency_ms: mean model latency above which it alarms; 0 is no such alarm.
        alarms: whether alarms are made for a release.
    """

    policy: Policy = "all-at-once"
    step_percent: int = 10
    bake_seconds: int = 300
    alarms: bool = True
    rollback_on_alarms: bool = True
    error_percent: float = 5.0
    latency_ms: float = 0.0
    alarm_period_seconds: int = 60


@dataclass(frozen=True)
class Scaling:
    """Autoscaling between ``minimum`` and ``maximum`` instances; equal: none."""

    minimum: int = 1
    maximum: int = 1
    invocations_per_minute: float = 1000.0
    scale_in_cooldown_seconds: int = 300
    scale_out_cooldown_seconds: int = 60


@dataclass(frozen=True)
class Capture:
    """Data capture: ``percent`` of the requests; 0 is off."""

    percent: int = 100


@dataclass(frozen=True)
class Monitoring:
    """Hourly comparison of captured requests with the live model's training data."""

    schedule: str = "cron(10 * * * ? *)"
    instance_type: str = "ml.m5.large"
    cool_down_hours: int = 24


@dataclass(frozen=True)
class Triggers:
    """What starts a run beside people.

    Attributes:
        schedule: an EventBridge expression; empty is none.
        on_upload: new objects below the channels' prefixes.
        debounce_seconds: how long uploads are collected before the run starts.
        on_drift: the drift alarm.
        missing_run_days: alarm when no run has succeeded for so long; 0 is never.
    """

    schedule: str = "cron(0 3 ? * MON *)"
    on_upload: bool = True
    debounce_seconds: int = 300
    on_drift: bool = True
    missing_run_days: int = 0


@dataclass(frozen=True)
class Registry:
    """The Model Registry: with manual approval a run ends before the endpoint is touched."""

    approval: Literal["automatic", "manual"] = "automatic"


@dataclass(frozen=True)
class Review:
    """Who merges: people, or the pipeline schedule once a branch is tested (`ci merge`)."""

    merge: Literal["manual", "tested"] = "manual"


@dataclass(frozen=True)
class Notify:
    """Who hears of every run's end."""

    email: str = ""


@dataclass(frozen=True)
class Access:
    """Who may do what.

    Attributes:
        team_policies: ARNs of managed policies that the team's own training and serving code
            needs; jobs and endpoints have them. The one place for them.
        gitlab_project: group/project whose pipelines may take the roles; empty makes no roles.
        protected_ref: the branch from which main and production are deployed.
        oidc_provider: ARN of GitLab's OIDC provider where the account has it; empty makes one.
    """

    team_policies: tuple[str, ...] = ()
    gitlab_url: str = "https://gitlab.com"
    gitlab_project: str = ""
    protected_ref: str = "main"
    oidc_provider: str = ""


@dataclass(frozen=True)
class Environment:
    """One environment file."""

    project: str
    name: str
    region: str
    account: str = ""
    training: Training = field(default_factory=Training)
    tuning: Tuning = field(default_factory=Tuning)
    data: Data = field(default_factory=Data)
    evaluation: Evaluation = field(default_factory=Evaluation)
    endpoint: Endpoint = field(default_factory=Endpoint)
    deployment: Deployment = field(default_factory=Deployment)
    scaling: Scaling = field(default_factory=Scaling)
    capture: Capture = field(default_factory=Capture)
    monitoring: Monitoring = field(default_factory=Monitoring)
    triggers: Triggers = field(default_factory=Triggers)
    registry: Registry = field(default_factory=Registry)
    notify: Notify = field(default_factory=Notify)
    review: Review = field(default_factory=Review)
    access: Access = field(default_factory=Access)

    @property
    def endpoint_name(self) -> str:
        return f"{self.project}-{self.name}"
