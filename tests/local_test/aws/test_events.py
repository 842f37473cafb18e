"""EventBridge: patterns, targets, dead letters, events of AWS itself, schedules by the clock."""

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_test.aws.server import LocalAws
from tests.local_test.aws.account import Account
from tests.local_test.aws.hosting import until

HOUR = 3600
DAY = 24 * HOUR


class Mail(Account):
    """An account with a queue that sees every test event after the rules before it have."""

    def __init__(self, aws: LocalAws):
        super().__init__(aws)
        self.events = self.client("events")
        self.url, self.arn = self.queue("letters")

    def rule(self, name: str, target: str, pattern: Any = None, **more: Any) -> None:
        """A rule by pattern, or by ``schedule``, with one target."""
        given: dict[str, Any] = {"EventPattern": json.dumps(pattern)} if pattern else {}
        if schedule := more.pop("schedule", None):
            given["ScheduleExpression"] = schedule
        self.events.put_rule(Name=name, **given)
        answer = self.events.put_targets(
            Rule=name, Targets=[{"Id": "target", "Arn": target, **more}]
        )
        assert answer["FailedEntryCount"] == 0

    def send(self, detail: Any, source: str = "shop", kind: str = "Order") -> None:
        entry = {"Source": source, "DetailType": kind, "Detail": json.dumps(detail)}
        answer = self.events.put_events(Entries=[entry])
        assert answer["FailedEntryCount"] == 0, answer

    def delivered(self) -> list[str]:
        """Everything in the queue, when all that is due has been delivered."""
        self.rule("end", self.arn, {"source": ["end"]}, Input='"end"')
        self.send({"e": 1}, source="end")
        bodies: list[str] = []

        def ended() -> bool:
            bodies.extend(self.messages(self.url))
            return '"end"' in bodies

        until(ended)
        return [body for body in bodies if body != '"end"']

    def begin(self, text: str) -> None:
        """Move the clock to the next such time of day: HH:MM, a moment before it."""
        now = self.world.clock.now()
        hour, minute = map(int, text.split(":"))
        then = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
        then -= timedelta(seconds=30)
        self.advance(((then - now) % timedelta(days=1)).total_seconds())
        assert abs(self.world.clock.now().second - 30) <= 25


@pytest.fixture
def mail(aws: LocalAws) -> Mail:
    return Mail(aws)


# Patterns


@pytest.mark.parametrize(
    ("pattern", "fits", "not_fits"),
    [
        (["paid", "sent"], ["paid", "sent", ["new", "paid"]], ["new", "Paid", None, 1]),
        ([{"prefix": "pa"}], ["paid", "pa"], ["spa", "", 5]),
        ([{"suffix": ".csv"}], ["a.csv"], ["a.csv.gz"]),
        ([{"equals-ignore-case": "paid"}], ["PAID"], ["pay"]),
        ([{"wildcard": "data/*/a.csv"}], ["data/train/a.csv"], ["data/train/b.csv"]),
        ([{"anything-but": ["new", "sent"]}], ["paid", 5], ["new", "sent"]),
        ([{"anything-but": {"prefix": "n"}}], ["paid"], ["new"]),
        ([{"numeric": [">", 5, "<=", 10]}], [5.1, 10], [5, 11, "6"]),
        ([5, {"numeric": ["=", 7]}], [5, 7], [6]),
        ([{"exists": True}], [None, "x", 0], []),
        ([{"cidr": "10.0.0.0/24"}], ["10.0.0.7"], ["10.0.1.7"]),
        ([None], [None], ["null", 0]),
    ],
    ids=str,
)
def test_a_pattern_takes_what_fits(
    mail: Mail, pattern: list[Any], fits: list[Any], not_fits: list[Any]
) -> None:
    mail.rule(
        "filter", mail.arn, {"source": ["shop"], "detail": {"v": pattern}}, InputPath="$.detail"
    )
    for value in (*not_fits, *fits):
        mail.send({"v": value})
    mail.send({"other": 1})
    mail.send({"v": fits[0]}, source="other")
    assert [json.loads(body)["v"] for body in mail.delivered()] == fits


def test_every_part_of_a_pattern_must_fit_and_or_needs_one(mail: Mail) -> None:
    pattern = {
        "detail-type": ["Order"],
        "detail": {
            "deep": {"state": ["paid"]},
            "none": [{"exists": False}],
            "$or": [{"sum": [{"numeric": [">", 100]}]}, {"vip": [True]}],
        },
    }
    mail.rule("picky", mail.arn, pattern, InputPath="$.detail.id")
    paid = {"deep": {"state": "paid"}}
    for detail in (
        {"id": 1, **paid, "sum": 50},
        {"id": 2, **paid, "sum": 500, "none": None},
        {"id": 3, "deep": {"state": "new"}, "sum": 500},
        {"id": 4, **paid, "sum": 500},
        {"id": 5, **paid, "sum": 5, "vip": True},
    ):
        mail.send(detail)
    mail.send({"id": 6, **paid, "vip": True}, kind="Return")
    assert mail.delivered() == ["4", "5"]


def test_events_that_are_none_are_refused_one_by_one(mail: Mail) -> None:
    mail.rule("all", mail.arn, {"source": ["shop"]}, InputPath="$.detail")
    good = {"Source": "shop", "DetailType": "Order", "Detail": '{"id": 1}'}
    entries = [{**good, "Detail": "{"}, good, {"Detail": "{}", "DetailType": "Order"}]
    answer = mail.events.put_events(Entries=entries)
    assert answer["FailedEntryCount"] == 2
    assert [entry.get("ErrorCode") for entry in answer["Entries"]] == [
        "MalformedDetail",
        None,
        "InvalidArgument",
    ]
    assert [json.loads(body) for body in mail.delivered()] == [{"id": 1}]


# Targets


def test_a_queue_gets_the_event_a_constant_a_part_or_what_a_template_makes_of_it(
    mail: Mail,
) -> None:
    pattern = {"source": ["shop"]}
    transformer = {
        "InputPathsMap": {"who": "$.detail.who", "rows": "$.detail.rows", "kind": "$.detail-type"},
        "InputTemplate": '{"name": "<who>!", "kind": <kind>, "rows": <rows>, '
        '"rule": <aws.events.rule-name>, "text": "<rows> <b>"}',
    }
    text = {"InputPathsMap": {"who": "$.detail.who"}, "InputTemplate": '"to <who>"'}
    for name, more in (
        ("1-whole", {}),
        ("2-constant", {"Input": '{"fixed": true}'}),
        ("3-part", {"InputPath": "$.detail.rows[1]"}),
        ("4-made", {"InputTransformer": transformer}),
        ("5-text", {"InputTransformer": text}),
    ):
        mail.rule(name, mail.arn, pattern, **more)
    mail.send({"who": 'ada "l"', "rows": [1, 2]})
    whole, constant, part, made, said = map(json.loads, mail.delivered())
    assert whole["detail"] == {"who": 'ada "l"', "rows": [1, 2]}
    assert whole["source"] == "shop"
    assert whole["detail-type"] == "Order"
    assert (whole["account"], whole["region"]) == ("123456789012", "us-east-1")
    assert datetime.fromisoformat(whole["time"]).tzinfo is not None
    assert constant == {"fixed": True}
    assert part == 2
    assert made == {
        "name": 'ada "l"!',
        "kind": "Order",
        "rows": [1, 2],
        "rule": "4-made",
        "text": "[1, 2] <b>",
    }
    assert said == 'to ada "l"'


def test_a_function_and_a_state_machine_and_a_topic_are_reached(mail: Mail) -> None:
    source = "def handler(event, context):\n    print('got', event['detail']['id'])\n"
    function = mail.function("listener", source)
    machine = mail.machine(
        "listener", {"Only": {"Type": "Pass", "InputPath": "$.detail.id", "End": True}}
    )
    topic = mail.client("sns").create_topic(Name="news")["TopicArn"]
    mail.client("sns").subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=mail.arn,
        Attributes={"RawMessageDelivery": "true"},
    )
    pattern = {"source": ["shop"]}
    mail.rule("function", function, pattern)
    mail.rule("machine", machine, pattern, RoleArn=mail.role)
    mail.rule("topic", topic, pattern, InputPath="$.detail")
    mail.send({"id": 7})
    assert json.loads(mail.received(mail.url)[0]) == {"id": 7}
    until(lambda: "got 7" in mail.log("listener"))
    states = mail.client("stepfunctions")
    (execution,) = until(lambda: states.list_executions(stateMachineArn=machine)["executions"])
    assert json.loads(mail.ended(execution["executionArn"])["output"]) == 7


def test_what_cannot_be_delivered_goes_to_the_dead_letter_queue(mail: Mail) -> None:
    grave_url, grave_arn = mail.queue("grave")
    gone = mail.machine("gone", {"Done": {"Type": "Succeed"}})
    mail.client("stepfunctions").delete_state_machine(stateMachineArn=gone)
    until(lambda: not mail.client("stepfunctions").list_state_machines()["stateMachines"])
    pattern = {"source": ["shop"]}
    mail.rule("1-buried", gone, pattern, DeadLetterConfig={"Arn": grave_arn})
    mail.rule("2-lost", gone, pattern)
    mail.rule("3-lost", gone, pattern, DeadLetterConfig={"Arn": f"{grave_arn}-none"})
    mail.rule("4-fine", mail.arn, pattern, InputPath="$.detail")
    mail.send({"id": 1})
    assert [json.loads(body) for body in mail.delivered()] == [{"id": 1}], "the others are reached"
    sqs = mail.client("sqs")
    (letter,) = sqs.receive_message(QueueUrl=grave_url, MessageAttributeNames=["All"])["Messages"]
    assert json.loads(letter["Body"])["detail"] == {"id": 1}
    why = letter["MessageAttributes"]["ERROR_MESSAGE"]["StringValue"]
    assert "State Machine Does Not Exist" in why


def test_a_rule_that_is_disabled_changed_or_gone_does_not_fire(mail: Mail) -> None:
    pattern = {"source": ["shop"]}
    mail.rule("all", mail.arn, pattern, InputPath="$.detail.id")
    mail.rule("minutely", mail.arn, schedule="rate(1 minute)", Input='"tick"')
    mail.send({"id": 1})
    for name in ("all", "minutely"):
        mail.events.disable_rule(Name=name)
    mail.send({"id": 2})
    mail.advance(HOUR)
    mail.events.enable_rule(Name="all")
    mail.send({"id": 3})
    mail.events.put_rule(Name="all", EventPattern='{"source": ["other"]}')
    mail.send({"id": 4})
    mail.send({"id": 5}, source="other")
    with pytest.raises(ClientError, match="has targets"):
        mail.events.delete_rule(Name="all")
    mail.events.remove_targets(Rule="all", Ids=["target"])
    mail.send({"id": 6}, source="other")
    mail.events.delete_rule(Name="all")
    told = mail.delivered()
    assert [body for body in told if body != '"tick"'] == ["1", "3", "5"]
    assert told.count('"tick"') <= 1, "at most one while it was enabled"


# S3


def test_an_upload_is_an_event_once_its_bucket_sends_them(mail: Mail) -> None:
    s3 = mail.client("s3")
    for bucket in ("silent", "loud"):
        s3.create_bucket(Bucket=bucket)
    s3.put_bucket_notification_configuration(
        Bucket="loud", NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    mail.rule(
        "uploads",
        mail.arn,
        {
            "source": ["aws.s3"],
            "detail-type": ["Object Created"],
            "detail": {
                "bucket": {"name": ["loud", "silent"]},
                "object": {"key": [{"prefix": "data/"}]},
            },
        },
    )
    s3.put_object(Bucket="silent", Key="data/a.csv", Body=b"1")
    s3.put_object(Bucket="loud", Key="other/a.csv", Body=b"1")
    s3.put_object(Bucket="loud", Key="data/a b+ü.csv", Body=b"123")
    s3.copy_object(Bucket="loud", Key="data/copy.csv", CopySource="loud/other/a.csv")
    s3.delete_object(Bucket="loud", Key="data/copy.csv")
    put, copied = map(json.loads, mail.delivered())
    assert put["resources"] == ["arn:aws:s3:::loud"]
    assert put["detail"]["bucket"] == {"name": "loud"}
    assert put["detail"]["object"]["key"] == "data/a b+ü.csv"
    assert put["detail"]["object"]["size"] == 3
    assert put["detail"]["object"]["etag"] == "202cb962ac59075b964b07152d234b70"
    assert put["detail"]["reason"] == "PutObject"
    assert copied["detail"]["reason"] == "CopyObject"
    assert copied["detail"]["object"]["key"] == "data/copy.csv"


# Schedules


@pytest.mark.parametrize(
    ("expression", "begin", "seconds", "times"),
    [
        ("rate(1 hour)", "00:00", DAY, 24),
        ("rate(5 minutes)", "00:00", HOUR, 12),
        ("rate(2 days)", "00:00", 6 * DAY, 3),
        ("cron(0 * * * ? *)", "00:00", DAY, 24),
        ("cron(0/15 8-17 * * ? *)", "00:00", DAY, 40),
        ("cron(30 6 * * ? *)", "06:30", 10 * DAY, 10),
        ("cron(30 6 ? * MON-FRI *)", "06:30", 14 * DAY, 10),
        ("cron(0 12 ? * 1 *)", "00:00", 28 * DAY, 4),
        ("cron(0 0 1 1 ? 1999)", "00:00", 10 * DAY, 0),
    ],
)
def test_a_schedule_fires_as_often_as_the_clock_says(
    mail: Mail, expression: str, begin: str, seconds: int, times: int
) -> None:
    mail.begin(begin)
    mail.rule("schedule", mail.arn, schedule=expression)
    mail.advance(seconds)
    told = [json.loads(body) for body in mail.delivered()]
    assert len(told) == times
    assert [event["time"] for event in told] == sorted(event["time"] for event in told)
    assert {event["detail-type"] for event in told} <= {"Scheduled Event"}
    assert mail.delivered() == [], "no time comes twice"


def test_a_rate_counts_from_when_its_rule_was_made(mail: Mail) -> None:
    machine = mail.machine("hourly", {"Only": {"Type": "Pass", "InputPath": "$.time", "End": True}})
    mail.begin("00:20")
    mail.rule("hourly", machine, schedule="rate(1 hour)", RoleArn=mail.role)
    mail.rule(
        "daily", machine, schedule="cron(0 5 * * ? *)", RoleArn=mail.role, Input='{"time": "d"}'
    )
    mail.advance(DAY)
    mail.delivered()
    states = mail.client("stepfunctions")

    def outputs() -> list[str]:
        executions = states.list_executions(stateMachineArn=machine)["executions"]
        return [json.loads(mail.ended(one["executionArn"])["output"]) for one in executions]

    told = outputs()
    assert told.count("d") == 1
    hourly = sorted(datetime.fromisoformat(time) for time in told if time != "d")
    assert len(hourly) == 24
    assert {time.minute for time in hourly} <= {19, 20}
    assert {later - time for time, later in pairwise(hourly)} == {timedelta(hours=1)}
    assert hourly[0].tzinfo == UTC


def test_what_is_due_is_done_in_order_of_time_across_rules(mail: Mail) -> None:
    mail.begin("10:00")
    made = {"InputPathsMap": {"kind": "$.detail-type"}, "InputTemplate": "<kind>"}
    mail.rule("a-late", mail.arn, schedule="cron(50 * * * ? *)", InputTransformer=made)
    mail.rule("b-early", mail.arn, schedule="cron(10 * * * ? *)", Input='"10"')
    mail.advance(2 * HOUR)
    assert mail.delivered() == ['"10"', '"Scheduled Event"'] * 2


def test_a_schedule_that_is_made_later_does_not_catch_up(mail: Mail) -> None:
    mail.begin("00:00")
    mail.advance(12 * HOUR)
    mail.rule("hourly", mail.arn, schedule="rate(1 hour)")
    mail.advance(12 * HOUR)
    assert len(mail.delivered()) == 12
