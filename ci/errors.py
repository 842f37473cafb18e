"""What can go wrong on the road, and the exit codes.

CiError             a known fault: the message says what, where and what to do (exit code 1)
├── EnvironmentFault  an environment file that cannot be meant
├── AwsFault          AWS refused a call
├── Contended         too many asked for the lock of an endpoint at once
├── StackFailed       CloudFormation did not do what it was asked to
└── RunFailed         an execution ended otherwise than SUCCEEDED
"""

EXIT_OK = 0
EXIT_KNOWN = 1
EXIT_UNEXPECTED = 3
EXIT_INTERRUPTED = 130


class CiError(Exception):
    """Base of everything that is known to go wrong."""


class EnvironmentFault(CiError):
    """An environment file that cannot be meant."""


class AwsFault(CiError):
    """AWS refused a call."""


class StackFailed(CiError):
    """CloudFormation did not do what it was asked to."""


class RunFailed(CiError):
    """An execution ended otherwise than SUCCEEDED."""
