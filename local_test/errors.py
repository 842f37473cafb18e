"""What the bench raises on purpose.

BenchError                the message says what, where, what exists, what to do next
├── EngineUnavailable     no engine answers, or it cannot get an image it needs
├── EndpointFailed        the endpoint did not come up, or is not there
└── BadRecords            an object of a batch transform cannot be split or joined
    └── AlgorithmFailed   the algorithm gave no answer to its records
"""


class BenchError(Exception):
    """Base of everything the bench can explain; exit code 1."""


class EngineUnavailable(BenchError):
    """No Docker engine answers, or it cannot get an image that the job needs."""


class EndpointFailed(BenchError):
    """The endpoint did not come up in time, or nothing listens where one was."""


class BadRecords(BenchError):
    """An object of a batch transform cannot be split, answered or joined."""


class AlgorithmFailed(BadRecords):
    """Every try of a request of a batch transform failed, whatever its records are."""
