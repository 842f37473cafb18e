"""How SageMaker refuses a call."""


class Refused(Exception):
    """A call that SageMaker answers with an error.

    Attributes:
        code: for example "ValidationException", "ResourceInUse", "ResourceNotFound",
            "ResourceLimitExceeded".
        status: of the HTTP answer.
    """

    def __init__(self, code: str, message: str, status: int = 400):
        super().__init__(message)
        self.code = code
        self.status = status
