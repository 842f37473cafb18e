"""Schedule expressions of EventBridge: rate(…) and cron(…), in UTC.

Source: the EventBridge user guide, "Creating a rule that runs on a schedule". Cron has six
fields: minutes, hours, day of month, month, day of week (1 is Sunday), year.
"""

import calendar
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

RATE = re.compile(r"rate\(([1-9]\d*) (minute|hour|day)s?\)")
CRON = re.compile(r"cron\(((?:\S+ ){5}\S+)\)")
MONTHS = {name.upper(): str(n) for n, name in enumerate(calendar.month_abbr) if name}
DAYS = {"SUN": "1", "MON": "2", "TUE": "3", "WED": "4", "THU": "5", "FRI": "6", "SAT": "7"}
MINUTE = timedelta(minutes=1)


def check(expression: str) -> None:
    """Refuse what is no schedule.

    Raises:
        ValueError: it is neither rate(…) nor cron(…), or a field of it means nothing.
    """
    begin = datetime(2024, 2, 29, tzinfo=UTC)
    next(due_times(expression, begin, begin, begin + timedelta(days=366)), None)
    if found := CRON.fullmatch(expression):
        minutes, hours, day, month, weekday, _ = found[1].split()
        _in_range(minutes, 0, 59)
        _in_range(hours, 0, 23)
        _in_range(_named(month, MONTHS), 1, 12)
        if (day == "?") == (weekday == "?"):
            raise ValueError("One of day of month and day of week is ?, and one is not.")


def _in_range(field: str, low: int, high: int) -> None:
    if not _numbers(field, low, high) <= set(range(low, high + 1)):
        raise ValueError(f"{field} is not within {low} and {high}.")


def due_times(
    expression: str, made: datetime, since: datetime, until: datetime
) -> Iterator[datetime]:
    """Every time after ``since``, up to ``until``, at which the expression is due.

    A rate counts from when its rule was ``made``, and is not due at that moment.

    Raises:
        ValueError: it is no such expression.
    """
    if found := RATE.fullmatch(expression):
        step = timedelta(**{f"{found[2]}s": int(found[1])})
        when = made + (max(0, (since - made) // step) + 1) * step
        while when <= until:
            yield when
            when += step
        return
    found = CRON.fullmatch(expression)
    if not found:
        raise ValueError(f"{expression} is neither rate(…) nor cron(…) with six fields.")
    yield from _by_cron(found[1].split(), since, until)


def _by_cron(fields: list[str], since: datetime, until: datetime) -> Iterator[datetime]:
    minutes = _numbers(fields[0], 0, 59)
    hours = _numbers(fields[1], 0, 23)
    when = since.replace(second=0, microsecond=0) + MINUTE
    while when <= until:
        if not _is_day(fields, when):
            when = when.replace(hour=0, minute=0) + timedelta(days=1)
        elif when.hour not in hours:
            when = when.replace(minute=0) + timedelta(hours=1)
        else:
            if when.minute in minutes:
                yield when
            when += MINUTE


def _is_day(fields: list[str], when: datetime) -> bool:
    _, _, day, month, weekday, year = fields
    in_month = when.month in _numbers(_named(month, MONTHS), 1, 12)
    in_year = year == "*" or when.year in _numbers(year, 1970, 2199)
    return in_month and in_year and _is_month_day(day, when) and _is_week_day(weekday, when)


def _is_month_day(field: str, when: datetime) -> bool:
    if field == "?":
        return True
    last = calendar.monthrange(when.year, when.month)[1]
    if field == "L":
        return when.day == last
    if field.endswith("W"):
        return when.day == _nearest_working_day(int(field[:-1]), when, last)
    return when.day in _numbers(field, 1, 31)


def _is_week_day(field: str, when: datetime) -> bool:
    if field == "?":
        return True
    field = _named(field, DAYS)
    today = when.isoweekday() % 7 + 1
    if "#" in field:
        day, number = map(int, field.split("#"))
        return today == day and (when.day - 1) // 7 + 1 == number
    if field.endswith("L") and field != "L":
        last = calendar.monthrange(when.year, when.month)[1]
        return today == int(field[:-1]) and when.day > last - 7
    return today in _numbers("7" if field == "L" else field, 1, 7)


def _nearest_working_day(day: int, when: datetime, last: int) -> int:
    wanted = when.replace(day=min(day, last))
    if wanted.isoweekday() == 6:
        return wanted.day - 1 if wanted.day > 1 else 3
    if wanted.isoweekday() == 7:
        return wanted.day + 1 if wanted.day < last else last - 2
    return wanted.day


def _named(field: str, names: dict[str, str]) -> str:
    for name, number in names.items():
        field = re.sub(name, number, field, flags=re.IGNORECASE)
    return field


def _numbers(field: str, low: int, high: int) -> set[int]:
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = ("*", "", "") if span == "*" else span.partition("-")
        begin = low if first == "*" else int(first)
        end = high if first == "*" or (step and not last) else int(last or first)
        found |= set(range(begin, end + 1, int(step or 1)))
    return found
