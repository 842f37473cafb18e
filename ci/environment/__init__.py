"""One environment: where it is, how it trains, judges, serves. Read from a TOML file.

Every value has a type and a range, and combinations that AWS or this project refuses are
refused here, before anything is deployed. Python's standard library only: the Lambda
function packages it.
"""

from ci.environment.parameters import stack_parameters
from ci.environment.reading import DIRECTORY, file_of, read_environment
from ci.environment.rules import problems_of
from ci.environment.tables import (
    Access,
    Capture,
    Data,
    Deployment,
    Endpoint,
    Environment,
    Evaluation,
    Monitoring,
    Notify,
    Registry,
    Review,
    Scaling,
    Serverless,
    Training,
    Triggers,
    Tuning,
)

__all__ = [
    "DIRECTORY",
    "Access",
    "Capture",
    "Data",
    "Deployment",
    "Endpoint",
    "Environment",
    "Evaluation",
    "Monitoring",
    "Notify",
    "Registry",
    "Review",
    "Scaling",
    "Serverless",
    "Training",
    "Triggers",
    "Tuning",
    "file_of",
    "problems_of",
    "read_environment",
    "stack_parameters",
]
