"""One environment: where it is, how it trains, judges, serves. Read from a TOML file.

Every value has a type and a range, and combinations that AWS or this project refuses are
refused here, before anything is deployed. Python's standard library only: the Lambda
function packages this module.
"""

import tomllib
import typing
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from ci.errors import EnvironmentFault

DIRECTORY = Path(__file__).parent / "environments"
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
    access: Access = field(default_factory=Access)

    @property
    def endpoint_name(self) -> str:
        return f"{self.project}-{self.name}"

    @classmethod
    def read(cls, name_or_path: str) -> "Environment":
        """Read ci/environments/NAME.toml, or the file of that path.

        Raises:
            EnvironmentFault: there is no such file, or it cannot be meant.
        """
        path = Path(name_or_path)
        if path.suffix != ".toml":
            path = DIRECTORY / f"{name_or_path}.toml"
        try:
            given = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            known = ", ".join(sorted(file.stem for file in DIRECTORY.glob("*.toml")))
            raise EnvironmentFault(
                f"There is no environment file {path}. There are: {known}; or name a file."
            ) from None
        except tomllib.TOMLDecodeError as error:
            raise EnvironmentFault(f"{path} is not TOML: {error}.") from None
        environment = _built(cls, given, str(path), "")
        if problems := problems_of(environment):
            raise EnvironmentFault(f"{path}: " + " ".join(problems))
        return environment


def stack_parameters(environment: Environment) -> dict[str, str]:
    """What the templates take from the environment file, as CloudFormation spells it."""
    triggers, access = environment.triggers, environment.access
    in_vpc = bool(environment.training.subnets or environment.endpoint.subnets)
    return {
        "ProjectName": environment.project,
        "EnvironmentName": environment.name,
        "EndpointName": environment.endpoint_name,
        "VariantName": environment.endpoint.variant,
        "ScheduleExpression": triggers.schedule,
        "TriggerOnUpload": str(triggers.on_upload).lower(),
        "TriggerOnDrift": str(triggers.on_drift).lower(),
        "MissingRunDays": str(triggers.missing_run_days),
        "MonitoringSchedule": environment.monitoring.schedule
        if environment.capture.percent
        else "",
        "NotificationEmail": environment.notify.email,
        "TeamPolicyArns": ",".join(access.team_policies),
        "GitLabUrl": access.gitlab_url,
        "GitLabHost": urlsplit(access.gitlab_url).netloc,
        "GitLabProject": access.gitlab_project,
        "ProtectedRef": access.protected_ref,
        "OidcProviderArn": access.oidc_provider,
        "InVpc": str(in_vpc).lower(),
    }


def problems_of(environment: Environment) -> list[str]:
    """What AWS or this project would refuse, a sentence each."""
    return [sentence for applies, sentence in _rules(environment) if applies]


def _rules(environment: Environment) -> list[tuple[bool, str]]:
    training, endpoint = environment.training, environment.endpoint
    deployment, scaling = environment.deployment, environment.scaling
    gradual = deployment.policy in ("canary", "linear")
    serverless = endpoint.serverless is not None
    fleet = max(endpoint.instance_count, scaling.minimum)
    return [
        (
            gradual and fleet < 2 and not serverless,
            f"deployment.policy {deployment.policy} needs 2 instances or more "
            "(endpoint.instance_count): one instance has no tenth.",
        ),
        (
            serverless and deployment.policy != "all-at-once",
            f"deployment.policy {deployment.policy} cannot be had with endpoint.serverless: "
            "a serverless endpoint is updated all at once.",
        ),
        (
            deployment.rollback_on_alarms and not deployment.alarms,
            "deployment.rollback_on_alarms needs deployment.alarms: nothing would ring.",
        ),
        (
            serverless and environment.capture.percent > 0,
            "endpoint.serverless has no data capture: set capture.percent = 0.",
        ),
        (
            serverless and bool(endpoint.subnets or endpoint.isolation),
            "endpoint.serverless has neither VPC nor isolation: drop subnets and isolation.",
        ),
        (
            serverless and scaling.maximum > scaling.minimum,
            "endpoint.serverless scales by itself: let scaling.minimum = scaling.maximum.",
        ),
        (
            training.spot and training.warm_pool_seconds > 0,
            "training.spot has no warm pool: set training.warm_pool_seconds = 0.",
        ),
        (
            training.spot and not training.checkpoints,
            "training.spot needs training.checkpoints: an interrupted job would begin anew.",
        ),
        (
            training.spot and training.max_wait_seconds < training.max_runtime_seconds,
            "training.max_wait_seconds must be at least training.max_runtime_seconds.",
        ),
        (
            scaling.minimum > scaling.maximum,
            "scaling.minimum is above scaling.maximum.",
        ),
        (
            not scaling.minimum <= endpoint.instance_count <= max(scaling.maximum, 1)
            and scaling.maximum > scaling.minimum,
            "endpoint.instance_count must lie between scaling.minimum and scaling.maximum.",
        ),
        (
            environment.data.held_out not in environment.data.channels,
            f"data.held_out '{environment.data.held_out}' is none of data.channels "
            f"({', '.join(environment.data.channels)}).",
        ),
        (
            set(environment.data.channels) == {environment.data.held_out},
            "data.channels has nothing to train on beside data.held_out.",
        ),
        (
            bool(training.subnets) != bool(training.security_groups),
            "training.subnets and training.security_groups go together.",
        ),
        (
            bool(endpoint.subnets) != bool(endpoint.security_groups),
            "endpoint.subnets and endpoint.security_groups go together.",
        ),
        *_ranges(environment),
    ]


def _ranges(environment: Environment) -> list[tuple[bool, str]]:
    limits = [
        ("training.instance_count", environment.training.instance_count, 1, 100),
        ("training.volume_gb", environment.training.volume_gb, 1, 16384),
        ("training.max_runtime_seconds", environment.training.max_runtime_seconds, 1, 28 * 86400),
        ("training.warm_pool_seconds", environment.training.warm_pool_seconds, 0, 3600),
        ("tuning.max_jobs", environment.tuning.max_jobs, 1, 750),
        ("tuning.parallel_jobs", environment.tuning.parallel_jobs, 1, 100),
        ("endpoint.instance_count", environment.endpoint.instance_count, 1, 1000),
        ("deployment.step_percent", environment.deployment.step_percent, 1, 50),
        ("deployment.bake_seconds", environment.deployment.bake_seconds, 0, 3600),
        ("deployment.error_percent", environment.deployment.error_percent, 0, 100),
        ("capture.percent", environment.capture.percent, 0, 100),
        ("scaling.minimum", environment.scaling.minimum, 1, 1000),
        ("monitoring.cool_down_hours", environment.monitoring.cool_down_hours, 0, 24 * 30),
        ("triggers.debounce_seconds", environment.triggers.debounce_seconds, 0, 86400),
    ]
    return [
        (not low <= value <= high, f"{name} = {value} is not between {low} and {high}.")
        for name, value, low, high in limits
    ]


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
