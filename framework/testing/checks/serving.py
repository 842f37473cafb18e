"""Checks of `serve`: every row gets its answer, whatever comes with it, before it or after it."""

import json
from typing import Any

from framework.difference import difference
from framework.testing.answers import answers_in, read_cells, tolerance_of
from framework.testing.client import NotServing
from framework.testing.outcome import Failed, NotChecked, Warned
from framework.testing.rows import CSV, JSON, JSON_LINES, NPY, Rows
from framework.testing.runs import file_digests, message_of
from framework.testing.session import Session

COUNTS = (1, 2, 7)


def starts(session: Session) -> str:
    """/ping says 200 within the start limit, as deployed."""
    limit = session.subject.start_seconds
    advice = (
        "Load less: keep imports and Predictor.load to what predict needs, and do the work of "
        "preparing it in training. ([check] start_seconds sets the limit.)"
    )
    try:
        server = session.deployed
    except NotServing as error:
        remedy = "Make Predictor.load succeed with the model directory." if error.ended else advice
        raise Failed(f"No server gets ready: {error}. {remedy}") from None
    if server.seconds > limit:
        raise Failed(
            f"It was ready after {server.seconds:.1f} s; {limit:g} s are allowed. {advice}"
        )
    return f"It was ready after {server.seconds:.1f} s."


def answer_count(session: Session) -> str:
    """Every row gets exactly one answer."""
    server = session.usable_server
    for count in COUNTS:
        rows = session.rows.distinct(max(1, count - 3)).cycled(count)
        reply = server.client.invoke(rows.as_json(), JSON, JSON)
        if reply.status != 200:
            raise Failed(
                f"{count} valid rows got {reply.status}: {message_of(reply)} Let predict return "
                "one answer per row."
            )
        answers = _listed(answers_in(reply))
        if len(answers) != count:
            raise Failed(
                f"{count} rows got {len(answers)} answers. Let predict return one answer per row, "
                "in the order of the rows, and encode all of them."
            )
    return f"{', '.join(map(str, COUNTS))} rows got as many answers."


def rows_together(session: Session) -> str:
    """A row's answer does not depend on the rows that come with it, or on their order."""
    server, rows = session.usable_server, session.many_rows
    tolerance = tolerance_of(session.manifest)
    together = _listed(server.answers(rows))
    alone = [_listed(server.answers(rows.row(index)))[0] for index in range(len(rows))]
    advice = (
        "Compute nothing over the rows of a request (means, ranks, encodings, padding): learn it "
        "in training. If rounding is the cause, declare Predictor.tolerance."
    )
    found = difference(alone, together, tolerance)
    if found:
        raise Failed(f"Rows asked together get other answers than alone ({found}). {advice}")
    order = [(index * 5 + 3) % len(rows) for index in range(len(rows))]
    if len(set(order)) < len(rows):
        order = list(reversed(range(len(rows))))
    shuffled = _listed(server.answers(rows.only([rows.values[index] for index in order])))
    found = difference([together[index] for index in order], shuffled, tolerance)
    if found:
        raise Failed(f"Rows in another order get other answers ({found}). {advice}")
    return f"{len(rows)} rows had the same answers alone, together and in another order."


def no_state(session: Session) -> str:
    """An answer does not depend on the requests before it."""
    rows = session.rows.distinct(2 * len(COUNTS) + 2)
    half = max(1, len(rows) // 2)
    a, b = rows.only(rows.values[:half]), rows.only(rows.values[half:] or rows.values[:1])
    tolerance = tolerance_of(session.manifest)
    advice = "Keep nothing on the predictor between requests: predict must only read self.model."
    with session.fresh_server() as server:
        a_first, b_second, a_third = (server.answers(asked) for asked in (a, b, a))
    found = difference(a_first, a_third, tolerance)
    if found:
        raise Failed(f"The same request got another answer after another one ({found}). {advice}")
    with session.fresh_server() as server:
        b_first, a_second, b_third = (server.answers(asked) for asked in (b, a, b))
    for earlier, later in ((a_first, a_second), (b_first, b_second), (b_first, b_third)):
        found = difference(earlier, later, tolerance)
        if found:
            raise Failed(
                f"A request is answered differently when it comes first than later ({found}). "
                f"{advice}"
            )
    return "Requests got the same answers in any order, by servers that had just started."


def no_growth(session: Session) -> str:
    """The predictor does not grow while it answers the same requests again and again."""
    base = session.serving_copy()
    try:
        exit_code, output = session.command(["python", "-m", "framework.testing.probe"], base)
        sizes = json.loads(output.strip().splitlines()[-1])
    except TimeoutError as error:
        raise NotChecked(f"The probe was {error}: predict is too slow to be asked often.") from None
    except (ValueError, IndexError):
        raise NotChecked(f"The probe ended with exit code {exit_code} and told no sizes.") from None
    growing = sorted(name for name, size in sizes["after"].items() if size > sizes["before"][name])
    if growing:
        raise Warned(
            f"Asked the same {sizes['requests']} times again, the predictor's "
            f"{', '.join(growing)} grew. It will fill the memory of an endpoint: bound it, or keep "
            "nothing between requests."
        )
    return f"Nothing on the predictor grew in {sizes['requests']} further requests."


def client_faults(session: Session) -> str:
    """Requests that are wrong get a 4xx with one sentence."""
    server = session.usable_server
    faults = list(_faults(session))
    for what, body, content_type, accept in faults:
        reply = server.client.invoke(body, content_type, accept)
        _refuse_traceback(what, reply.text)
        if not 400 <= reply.status < 500:
            raise Failed(
                f"On {what}, the answer was {reply.status}: {message_of(reply)} The caller is at "
                "fault: answer 4xx (in your own decode, raise RequestError(400, …))."
            )
    return f"{len(faults)} malformed requests were refused with 4xx."


def no_traceback(session: Session) -> str:
    """No body holds a traceback, even when the predictor fails."""
    server = session.usable_server
    failures = 0
    hard = list(_hard_requests(session))
    for what, body in hard:
        reply = server.client.invoke(body, JSON, JSON)
        _refuse_traceback(what, reply.text)
        failures += reply.status >= 500
    return f"{len(hard)} hard requests, {failures} of which failed, showed no traceback."


def content_types(session: Session) -> str:
    """The same rows get the same answers in every content type."""
    server, rows = session.usable_server, session.rows.distinct(7)
    tolerance = tolerance_of(session.manifest)
    expected = server.answers(rows)
    advice = "Leave decode and encode to the framework, or let yours treat every type alike."
    read, refused = [JSON], []
    for name, content_type, body in _spellings(rows):
        reply = server.client.invoke(body, content_type, accept=JSON)
        if 400 <= reply.status < 500:  # its own decode may read fewer types
            refused.append(name)
            continue
        if reply.status != 200:
            raise Failed(
                f"Rows sent as {name} were refused with {reply.status}: {message_of(reply)} "
                f"{advice}"
            )
        found = difference(expected, answers_in(reply), tolerance)
        if found:
            raise Failed(f"Rows sent as {name} get other answers than as JSON ({found}). {advice}")
        read.append(name)
    left_out = f" Refused: {', '.join(refused)}." if refused else ""
    return f"The same answers for {', '.join(read)}.{left_out}"


def media_types(session: Session) -> str:
    """Replies name the bare media type that was asked for, and hold it."""
    server, rows = session.usable_server, session.rows.distinct(3)
    tolerance, expected = tolerance_of(session.manifest), _listed(server.answers(rows))
    for accept in (JSON, JSON_LINES, CSV):
        reply = server.client.invoke(rows.as_json(), f"{JSON}; charset=utf-8", accept)
        if reply.status == 406:
            continue
        if reply.status != 200:
            raise Failed(
                f"A request with a charset in its Content-Type and Accept: {accept} was refused "
                f"with {reply.status}: {message_of(reply)}"
            )
        if reply.content_type != accept:
            raise Failed(
                f"Asked for {accept}, the reply says Content-Type: {reply.content_type}. Answer "
                "with the bare type: data capture records it as it is."
            )
        answers = _listed(answers_in(reply))
        if len(answers) != len(rows):
            raise Failed(
                f"As {accept}, {len(rows)} rows got {len(answers)} records. Write one record per "
                "row: batch transform joins them line by line."
            )
        if accept == CSV and any(isinstance(answer, dict) for answer in expected):
            continue  # there is no one way to write an object as cells
        found = difference(expected, read_cells(answers, expected), tolerance)
        if found:
            raise Failed(
                f"As {accept}, answers are others than as JSON ({found}). Leave encode to the "
                "framework, or let yours say the same in every type."
            )
    return "Replies had the bare media type that was asked for, one record per row."


def serving_writes(session: Session) -> str:
    """Serving writes to /tmp only, and leaves the model directory as it is."""
    server = session.usable_server
    before = file_digests(session.trained.layout.model)
    if session.rows:
        server.answers(session.rows.distinct(3))
    outside = [path for path in server.run.changes() if not path.endswith(".pyc")]
    outside += server.audit.writes_outside()
    if file_digests(server.layout.model) != before:
        outside.append("the model directory")
    if outside:
        raise Failed(
            f"Serving wrote to {', '.join(sorted(set(outside))[:3])}. The model directory is "
            "read-only on an endpoint and everything else is lost with the instance: write "
            "below /tmp, or not at all."
        )
    return "Serving wrote to /tmp only."


def _faults(session: Session) -> list[tuple[str, bytes, str, str]]:
    """What is wrong, and a request: (words, body, content type, accept)."""
    good = session.rows.as_json()
    faults = [
        ("an empty body", b"", JSON, JSON),
        ("truncated JSON", good[: len(good) // 2], JSON, JSON),
        ("JSON that is no text", b"\xff\xfe\x00\x01", JSON, JSON),
        ("an empty list", b'{"instances": []}', JSON, JSON),
        ("JSON of another shape", b'{"rows": 3}', JSON, JSON),
        ("CSV that is no text", b"\xff\xfe,\x80\n", CSV, JSON),
        ("truncated JSON lines", good[: len(good) // 2], JSON_LINES, JSON),
        ("an array file that is none", b"\x93NUMPY\x01\x00garbage", NPY, JSON),
        ("an unknown content type", good, "application/x-no-such-type", JSON),
        ("an unknown accept", good, JSON, "application/x-no-such-type"),
    ]
    first = session.rows.values[0]
    if isinstance(first, list) and session.rows.is_flat():
        for what, row in (("one cell too few", first[:-1]), ("one cell too many", [*first, 1])):
            body = json.dumps({"instances": [row]}).encode()
            faults.append((what, body, JSON, JSON))
            if len(first) > 1:
                faults.append((f"CSV with {what}", session.rows.only([row]).as_csv(), CSV, JSON))
    kind = {"instances": [{"no such column": 1}]}
    faults.append(("unknown columns", json.dumps(kind).encode(), JSON, JSON))
    return faults


def _hard_requests(session: Session) -> list[tuple[str, bytes]]:
    """Requests that an unprepared predictor may stumble over; most are valid."""
    rows = session.rows
    faults = _faults(session)
    hard = [(what, body) for what, body, kind, accept in faults if (kind, accept) == (JSON, JSON)]
    for what, cell in (
        ("zeros", 0),
        ("negative numbers", -1),
        ("large numbers", 1e4),
        ("very large numbers", 1e14),
        ("huge numbers", 1e30),
        ("missing values", None),
        ("empty texts", ""),
        ("odd texts", "\u0000 'quoted' \U0001f427 " * 40),
    ):
        for count in (1, 3):
            changed = rows.only([_replaced(row, cell) for row in rows.cycled(count).values])
            hard.append((f"rows of {what}", changed.as_json()))
    return hard


def _replaced(value: Any, cell: Any) -> Any:
    """The value with each cell of the other's kind (number, text) replaced; None replaces all."""
    if isinstance(value, list):
        return [_replaced(item, cell) for item in value]
    if cell is None:
        return None
    if isinstance(cell, str):
        return cell if isinstance(value, str) else value
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return type(value)(cell) if number else value


def _refuse_traceback(what: str, text: str) -> None:
    if "Traceback (most recent call last)" in text or 'File "' in text or 'File \\"' in text:
        raise Failed(
            f"On {what}, the body holds a traceback. It shows callers the inside of the model: let "
            "exceptions rise to the server, which logs them and answers with one sentence."
        )


def _spellings(rows: Rows) -> list[tuple[str, str, bytes]]:
    """(words, content type, body) of the same rows, beside the usual JSON."""
    spellings = [("application/jsonlines", JSON_LINES, rows.as_jsonlines())]
    if rows.is_flat():
        spellings.append(("text/csv", CSV, rows.as_csv()))
    if rows.columns:
        spellings.append(("text/csv with a header", CSV, rows.as_csv(header=True)))
        spellings.append(("JSON records", JSON, rows.as_records()))
    else:
        spellings.append(("a plain JSON list", JSON, json.dumps(list(rows.values)).encode()))
    if rows.numeric:
        spellings.append(("application/x-npy", NPY, rows.as_npy()))
    return spellings


def _listed(answers: Any) -> list[Any]:
    if not isinstance(answers, list):
        raise NotChecked("The predictor's own encode hides how many answers there are.")
    return answers
