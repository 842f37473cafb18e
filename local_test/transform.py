"""Plays CreateTransformJob: objects in, one .out per object, by way of one endpoint."""

import json
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path
from typing import Any

from framework.testing import Client
from local_test import records
from local_test.console import Screen
from local_test.errors import AlgorithmFailed, BadRecords, BenchError
from local_test.filters import Filter

DEFAULTS = {"MaxConcurrentTransforms": 1, "BatchStrategy": "MultiRecord", "MaxPayloadInMB": 6}
STRATEGIES = {"SINGLE_RECORD": "SingleRecord", "MULTI_RECORD": "MultiRecord"}
LARGEST_TOTAL_MB = 100
EXECUTION_PARAMETERS_SECONDS = 2.0
RETRY_SECONDS = 0.2


@dataclass(frozen=True)
class TransformRequest:
    """What the caller of CreateTransformJob decides. None: the endpoint or the default decides.

    Attributes:
        split_type: "None" or "Line".
        strategy: "SingleRecord" or "MultiRecord".
        assemble_with: "None" or "Line": a newline after each answer.
        join_source: "None" or "Input": every output record after its input record.
        timeout: seconds that one request may take, at most 3600.
        retries: further tries of a request that failed for another reason than its content.
    """

    content_type: str
    accept: str = ""
    split_type: str = "None"
    strategy: str | None = None
    assemble_with: str = "None"
    join_source: str = "None"
    input_filter: str = "$"
    output_filter: str = "$"
    max_payload_mb: int | None = None
    max_concurrent: int | None = None
    timeout: float = 600.0
    retries: int = 3

    def environment(self) -> dict[str, str]:
        """The variables that tell the container; the settings only if the caller gave them."""
        names = {name: spelled for spelled, name in STRATEGIES.items()}
        given = {
            "SAGEMAKER_MAX_PAYLOAD_IN_MB": self.max_payload_mb,
            "SAGEMAKER_BATCH_STRATEGY": names.get(self.strategy or ""),
            "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": self.max_concurrent,
        }
        named = {name: str(value) for name, value in given.items() if value is not None}
        return {"SAGEMAKER_BATCH": "true", **named}

    def settled(self, client: Client) -> "TransformRequest":
        """With the endpoint's /execution-parameters, and the defaults, where nothing was asked.

        Raises:
            BenchError: CreateTransformJob would refuse the combination.
        """
        known = {**DEFAULTS, **_execution_parameters(client)}
        settled = replace(
            self,
            strategy=self.strategy or known["BatchStrategy"],
            max_payload_mb=_either(self.max_payload_mb, known["MaxPayloadInMB"]),
            max_concurrent=_either(self.max_concurrent, known["MaxConcurrentTransforms"]),
        )
        settled.check()
        return settled

    def check(self) -> None:
        """Look at what is decided so far.

        Raises:
            BenchError: CreateTransformJob would refuse the combination.
        """
        payload, concurrent = self.max_payload_mb or 0, self.max_concurrent or 1
        if (total := payload * concurrent) > LARGEST_TOTAL_MB:
            raise BenchError(
                f"MaxConcurrentTransforms ({concurrent}) times MaxPayloadInMB ({payload}) is "
                f"{total} MB; SageMaker allows {LARGEST_TOTAL_MB} MB."
            )
        if self.max_payload_mb == 0 and self.split_type != "None":
            raise BenchError("MaxPayloadInMB = 0 streams whole objects: it needs SplitType None.")


@dataclass(frozen=True)
class ObjectResult:
    """What became of one object. ``output`` is None when it failed.

    Attributes:
        fault: whose it was, as FailureReason begins: "ClientError" or "AlgorithmError".
    """

    name: str
    requests: int
    records: int
    retried: int
    output: Path | None
    error: str = ""
    fault: str = ""


class TransformJob:
    """Sends every object through an endpoint; a bad record costs its object, not the job's others.

    Args:
        request: settled, so that nothing is open.

    Attributes:
        stop_asked: set it to stop the job as StopTransformJob does: what has not been sent is not.
    """

    def __init__(self, request: TransformRequest, client: Client, screen: Screen):
        self.stop_asked = threading.Event()
        self._request = request
        self._client = client
        self._screen = screen
        self._input_filter = Filter(request.input_filter)
        self._output_filter = Filter(request.output_filter)

    def run(self, source: Path, target: Path) -> list[ObjectResult]:
        """Transform a file, or every file of a directory, into ``target``/NAME.out."""
        objects = _objects(source)
        results = []
        for name, path in objects.items():
            if self.stop_asked.is_set():
                break
            with self._screen.waiting(f"transforming {name}"):
                results.append(self._transform(name, path, target / f"{name}.out"))
            last = results[-1]
            self._screen.say(f"{name}: {last.error or f'{last.requests} requests'}")
        return results

    def _transform(self, name: str, path: Path, output: Path) -> ObjectResult:
        request = self._request
        body = path.read_bytes()
        self._warn_of_header(name, body)
        try:
            payloads = list(
                records.payloads(body, request.split_type, request.strategy, request.max_payload_mb)
            )
            answers = self._send_all(payloads)
            parts = [
                self._assembled(payload, answer)
                for payload, answer in zip(payloads, answers, strict=True)
            ]
        except BadRecords as error:
            fault = "AlgorithmError" if isinstance(error, AlgorithmFailed) else "ClientError"
            return ObjectResult(name, 0, 0, 0, None, str(error), fault)
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_bytes(b"".join(parts))
        return ObjectResult(
            name=name,
            requests=len(payloads),
            records=sum(map(len, payloads)),
            retried=sum(answer.tries - 1 for answer in answers),
            output=output,
        )

    def _send_all(self, payloads: list[list[bytes]]) -> list["Answer"]:
        """The answers in order; the first failure gives up what has not been sent."""
        pool = ThreadPoolExecutor(self._request.max_concurrent)
        try:
            return list(pool.map(self._send, _first_numbers(payloads), payloads))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _send(self, first: int, payload: list[bytes]) -> "Answer":
        """One request, tried again when another try could end differently.

        Raises:
            BadRecords: the container refuses it.
            AlgorithmFailed: every try failed, or the job is asked to stop.
        """
        request = self._request
        body = b"\n".join(self._input_filter.apply(part, request.content_type) for part in payload)
        failure, kind = "", AlgorithmFailed
        for attempt in range(1, request.retries + 2):
            try:
                reply = self._client.invoke(
                    body, request.content_type, request.accept or None, timeout=request.timeout
                )
            except TimeoutError:
                failure = f"no answer within {request.timeout:g} s"
            except OSError as error:
                failure = f"the connection broke: {error}"
            else:
                if reply.status == 200:
                    return Answer(reply.body, reply.content_type, attempt)
                failure = f"{reply.status}: {reply.text[:500]}"
                if 400 <= reply.status < 500:
                    kind = BadRecords
                    break
            if self.stop_asked.wait(RETRY_SECONDS):
                break
        last = first + len(payload) - 1
        which = f"Record {first}" if first == last else f"Records {first} to {last}"
        raise kind(f"{which}: bad HTTP status received from algorithm: {failure}")

    def _assembled(self, payload: list[bytes], answer: "Answer") -> bytes:
        """The bytes of the .out file that one answer makes."""
        request = self._request
        newline = b"\n" if request.assemble_with == "Line" else b""
        if request.join_source == "None" and request.output_filter == "$":
            return answer.body + newline
        media_type = answer.content_type.partition(";")[0].strip()
        outputs = records.answer_records(answer.body, media_type)
        if request.join_source == "Input":
            if len(outputs) != len(payload):
                raise BadRecords(
                    f"JoinSource=Input needs one output record per input record; a request with "
                    f"{len(payload)} records got {len(outputs)}. Ask for Accept text/csv or "
                    "application/jsonlines, and send no header line."
                )
            outputs = [
                records.join(given, output, request.content_type, media_type)
                for given, output in zip(payload, outputs, strict=True)
            ]
        filtered = [self._output_filter.apply(output, media_type) for output in outputs]
        return b"\n".join(filtered) + newline

    def _warn_of_header(self, name: str, body: bytes) -> None:
        request = self._request
        if request.split_type != "Line" or request.content_type != "text/csv":
            return
        if records.looks_like_header(body):
            self._screen.warn(
                f"The first line of {name} looks like a header. SageMaker knows no headers: it is "
                "sent as a record, and only the first request has it. Remove it, or reorder the "
                "columns as in training."
            )


@dataclass(frozen=True)
class Answer:
    """A container's answer to one payload, and how many tries it took."""

    body: bytes
    content_type: str
    tries: int


def _first_numbers(payloads: list[list[bytes]]) -> list[int]:
    """The number of each payload's first record, from 1."""
    return list(accumulate(map(len, payloads[:-1]), initial=1))


def _execution_parameters(client: Client) -> Mapping[str, Any]:
    """What the container asks for; nothing when it has no such path."""
    try:
        reply = client.request("GET", "/execution-parameters", timeout=EXECUTION_PARAMETERS_SECONDS)
    except OSError:
        return {}
    if reply.status != 200:
        return {}
    try:
        asked = json.loads(reply.body)
        strategy = asked.get("BatchStrategy")
    except (ValueError, AttributeError):
        raise BenchError(
            "GET /execution-parameters answers 200, but not with a JSON object."
        ) from None
    known = {name: asked[name] for name in DEFAULTS if name in asked}
    if strategy is not None:
        if strategy not in STRATEGIES:
            raise BenchError(
                f"/execution-parameters: BatchStrategy '{strategy}' must be one of "
                f"{', '.join(STRATEGIES)}."
            )
        known["BatchStrategy"] = STRATEGIES[strategy]
    return known


def _objects(source: Path) -> dict[str, Path]:
    """Object name → file, for one file or an S3 prefix played by a directory."""
    if source.is_file():
        return {source.name: source}
    files = sorted(path for path in source.rglob("*") if path.is_file())
    if not files:
        raise BenchError(f"There is nothing to transform in {source}.")
    return {path.relative_to(source).as_posix(): path for path in files}


def _either(asked: int | None, otherwise: int) -> int:
    return otherwise if asked is None else asked
