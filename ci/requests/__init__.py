"""The body of every SageMaker request, made once: pure functions of environment, place and run.

`python -m ci` sends them with boto3; the state machine's Lambda returns them, and native
tasks of Step Functions send them.
"""

from ci.requests.deployments import (
    alarms,
    deployment,
    scalable_target,
    scaling_policy,
    update_endpoint,
)
from ci.requests.models import (
    create_endpoint,
    endpoint_config,
    model,
    model_package,
    model_package_group,
    named,
)
from ci.requests.parts import Model, Place, Run, run_name, short, tags
from ci.requests.processing import challenger_job, champion_job, data_job, monitor_job
from ci.requests.training import training_job, tuning_job

__all__ = [
    "Model",
    "Place",
    "Run",
    "alarms",
    "challenger_job",
    "champion_job",
    "create_endpoint",
    "data_job",
    "deployment",
    "endpoint_config",
    "model",
    "model_package",
    "model_package_group",
    "monitor_job",
    "named",
    "run_name",
    "scalable_target",
    "scaling_policy",
    "short",
    "tags",
    "training_job",
    "tuning_job",
    "update_endpoint",
]
