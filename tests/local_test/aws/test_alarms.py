"""Alarms that are evaluated from metrics, by the clock, and act."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_test.aws.server import LocalAws
from tests.local_test.aws.account import Account
from tests.local_test.aws.hosting import until

MINUTE = 60


class Watched(Account):
    """An account with a metric, and a topic whose messages are kept in a queue."""

    def __init__(self, aws: LocalAws):
        super().__init__(aws)
        self.metrics = self.client("cloudwatch")
        self.url, arn = self.queue("letters")
        self.topic = self.client("sns").create_topic(Name="ops")["TopicArn"]
        self.client("sns").subscribe(
            TopicArn=self.topic,
            Protocol="sqs",
            Endpoint=arn,
            Attributes={"RawMessageDelivery": "true"},
        )
        self.begin()

    def begin(self) -> None:
        """Move the clock to the beginning of a minute, so that no period ends by itself."""
        seconds = self.world.clock.time()
        self.advance(MINUTE - seconds % MINUTE + 1)

    def alarm(self, **more: Any) -> None:
        """On more than 10 errors a minute, unless told otherwise."""
        given = {
            "AlarmName": "errors",
            "Namespace": "Shop",
            "MetricName": "Errors",
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": 10.0,
            "Statistic": "Sum",
            "Period": MINUTE,
            "EvaluationPeriods": 1,
        }
        self.metrics.put_metric_alarm(**{**given, **more})

    def put(self, value: float, name: str = "Errors", **dimensions: str) -> None:
        """A datum of now."""
        datum = {
            "MetricName": name,
            "Value": value,
            "Timestamp": self.world.clock.now(),
            "Dimensions": [{"Name": key, "Value": item} for key, item in dimensions.items()],
        }
        self.metrics.put_metric_data(Namespace="Shop", MetricData=[datum])

    def minute(self, *values: float, **dimensions: str) -> str:
        """A minute goes by in which these come in; the alarm's state after it."""
        for value in values:
            self.put(value, **dimensions)
        self.advance(MINUTE)
        return self.state()

    def state(self, name: str = "errors") -> str:
        (found,) = self.metrics.describe_alarms(AlarmNames=[name])["MetricAlarms"]
        return found["StateValue"]

    def told(self) -> list[tuple[str, str]]:
        """From which state to which, as the topic was told."""
        letters = [json.loads(body) for body in self.messages(self.url)]
        return [(letter["OldStateValue"], letter["NewStateValue"]) for letter in letters]


@pytest.fixture
def watched(aws: LocalAws) -> Watched:
    return Watched(aws)


def test_an_alarm_rings_when_its_metric_crosses_and_is_ok_when_it_is_back(
    watched: Watched,
) -> None:
    watched.alarm(AlarmDescription="too many", AlarmActions=[watched.topic])
    assert watched.state() == "INSUFFICIENT_DATA"
    assert watched.minute(3, 7) == "OK", "10 are not more than 10"
    assert watched.told() == [], "nobody wants to know that"
    assert watched.minute(3, 8) == "ALARM"
    (letter,) = [json.loads(body) for body in watched.received(watched.url)]
    assert letter["AlarmName"] == "errors"
    assert letter["AlarmDescription"] == "too many"
    assert (letter["OldStateValue"], letter["NewStateValue"]) == ("OK", "ALARM")
    assert letter["NewStateReason"].startswith("Threshold Crossed: 1 of 1 datapoints [11.0]")
    assert letter["Trigger"]["MetricName"] == "Errors"
    assert watched.minute(20) == "ALARM"
    assert watched.told() == [], "only changes are told"
    assert watched.minute(1) == "OK"


def test_every_state_has_actions_of_its_own_which_can_be_turned_off(watched: Watched) -> None:
    watched.alarm(OKActions=[watched.topic], InsufficientDataActions=[watched.topic])
    assert watched.minute(1) == "OK"
    assert watched.minute(50) == "ALARM"
    assert watched.minute(1) == "OK"
    assert watched.minute() == "INSUFFICIENT_DATA"
    assert watched.told() == [
        ("INSUFFICIENT_DATA", "OK"),
        ("ALARM", "OK"),
        ("OK", "INSUFFICIENT_DATA"),
    ]
    watched.alarm(OKActions=[watched.topic], ActionsEnabled=False)
    assert watched.minute(1) == "OK"
    assert watched.told() == []


def test_an_alarm_that_is_put_again_keeps_its_state_and_one_that_is_deleted_is_silent(
    watched: Watched,
) -> None:
    watched.alarm()
    assert watched.minute(50) == "ALARM"
    watched.alarm(AlarmDescription="changed", TreatMissingData="ignore")
    assert watched.state() == "ALARM"
    assert watched.minute() == "ALARM"
    watched.metrics.delete_alarms(AlarmNames=["errors"])
    watched.alarm(AlarmName="other", OKActions=[watched.topic])
    watched.advance(MINUTE)
    watched.metrics.delete_alarms(AlarmNames=["other"])
    watched.put(1)
    watched.advance(MINUTE)
    assert watched.told() == []
    assert watched.metrics.describe_alarms()["MetricAlarms"] == []


@pytest.mark.parametrize(
    ("policy", "without", "after_alarm"),
    [
        (None, "INSUFFICIENT_DATA", "INSUFFICIENT_DATA"),
        ("missing", "INSUFFICIENT_DATA", "INSUFFICIENT_DATA"),
        ("notBreaching", "OK", "OK"),
        ("breaching", "ALARM", "ALARM"),
        ("ignore", "INSUFFICIENT_DATA", "ALARM"),
    ],
)
def test_missing_data_are_treated_as_the_alarm_says(
    watched: Watched, policy: str | None, without: str, after_alarm: str
) -> None:
    watched.alarm(**({"TreatMissingData": policy} if policy else {}))
    assert watched.minute() == without
    assert watched.minute(50) == "ALARM"
    assert watched.minute() == after_alarm
    assert watched.minute(1) == "OK"


def test_m_of_n_periods_must_breach(watched: Watched) -> None:
    watched.alarm(EvaluationPeriods=3, DatapointsToAlarm=2, TreatMissingData="notBreaching")
    states = [watched.minute(value) for value in (50, 1, 1, 50, 1, 50, 1, 1)]
    assert states == ["OK", "OK", "OK", "OK", "OK", "ALARM", "OK", "OK"]


def test_all_n_periods_must_breach_unless_told_otherwise(watched: Watched) -> None:
    watched.alarm(EvaluationPeriods=3)
    states = [watched.minute(value) for value in (50, 50, 50, 50, 1)]
    assert states == ["OK", "OK", "ALARM", "ALARM", "OK"]


@pytest.mark.parametrize(
    ("statistic", "operator", "threshold", "rings", "quiet"),
    [
        ("Sum", "GreaterThanThreshold", 10, [6, 5], [6, 4]),
        ("Average", "GreaterThanOrEqualToThreshold", 5, [9, 1], [9, 0]),
        ("Maximum", "GreaterThanThreshold", 5, [1, 6], [1, 5]),
        ("Minimum", "LessThanThreshold", 2, [1, 6], [2, 6]),
        ("SampleCount", "LessThanOrEqualToThreshold", 1, [100], [0, 0]),
    ],
)
def test_each_statistic_and_comparison(
    watched: Watched,
    *,
    statistic: str,
    operator: str,
    threshold: float,
    rings: list[float],
    quiet: list[float],
) -> None:
    watched.alarm(Statistic=statistic, ComparisonOperator=operator, Threshold=float(threshold))
    assert watched.minute(*quiet) == "OK"
    assert watched.minute(*rings) == "ALARM"
    assert watched.minute(*quiet) == "OK"


def test_only_data_with_exactly_its_dimensions_count(watched: Watched) -> None:
    shop = {"Name": "Shop", "Value": "a"}
    watched.alarm(Dimensions=[shop])
    for dimensions in ({}, {"Shop": "b"}, {"Shop": "a", "Till": "1"}):
        assert watched.minute(50, **dimensions) == "INSUFFICIENT_DATA"
    assert watched.minute(50, Shop="a") == "ALARM"
    watched.put(50, name="Warnings", Shop="a")
    assert watched.minute() == "INSUFFICIENT_DATA"


def test_a_longer_period_adds_up(watched: Watched) -> None:
    now = watched.world.clock.time()
    watched.advance(300 - now % 300 + 1)
    watched.alarm(Period=300)
    assert [watched.minute(4) for _ in range(5)] == ["OK", "OK", "ALARM", "ALARM", "ALARM"]
    assert watched.minute(4) == "OK"


def test_what_the_clock_goes_over_is_not_missed(watched: Watched) -> None:
    watched.alarm(AlarmActions=[watched.topic], InsufficientDataActions=[watched.topic])
    watched.put(50)
    watched.advance(24 * 60 * MINUTE)
    assert watched.state() == "INSUFFICIENT_DATA"
    told = watched.told()
    assert [now for _, now in told] == ["ALARM", "INSUFFICIENT_DATA"]


def test_a_change_is_an_event_and_starts_what_waits_for_it(watched: Watched) -> None:
    machine = watched.machine(
        "repair", {"Only": {"Type": "Pass", "InputPath": "$.detail", "End": True}}
    )
    events = watched.client("events")
    pattern = {
        "source": ["aws.cloudwatch"],
        "detail-type": ["CloudWatch Alarm State Change"],
        "resources": [{"suffix": ":alarm:errors"}],
        "detail": {"state": {"value": ["ALARM"]}},
    }
    events.put_rule(Name="repair", EventPattern=json.dumps(pattern))
    events.put_targets(
        Rule="repair", Targets=[{"Id": "m", "Arn": machine, "RoleArn": watched.role}]
    )
    watched.alarm()
    watched.alarm(AlarmName="other")
    assert watched.minute(1) == "OK"
    assert watched.minute(50) == "ALARM"
    states = watched.client("stepfunctions")
    (execution,) = until(lambda: states.list_executions(stateMachineArn=machine)["executions"])
    detail = json.loads(watched.ended(execution["executionArn"])["output"])
    assert detail["alarmName"] == "errors"
    assert detail["state"]["value"] == "ALARM"
    assert detail["previousState"]["value"] == "OK"


def test_a_state_that_is_set_acts_and_is_evaluated_again(watched: Watched) -> None:
    watched.alarm(AlarmActions=[watched.topic], TreatMissingData="notBreaching")
    watched.advance()
    assert watched.state() == "OK"
    watched.metrics.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="a drill")
    (letter,) = [json.loads(body) for body in watched.received(watched.url)]
    assert letter["NewStateReason"] == "a drill"
    assert until(lambda: watched.minute() == "OK"), "within seconds"
    with pytest.raises(ClientError, match="Member must satisfy enum value set"):
        watched.metrics.set_alarm_state(AlarmName="errors", StateValue="RED", StateReason="no")


def test_an_action_that_nobody_takes_is_refused(watched: Watched) -> None:
    with pytest.raises(ClientError, match="does not act on arn:aws:automate:us-east-1:ec2:stop"):
        watched.alarm(AlarmActions=["arn:aws:automate:us-east-1:ec2:stop"])
    assert watched.metrics.describe_alarms()["MetricAlarms"] == []


def test_metric_data_are_read_back_by_period(watched: Watched) -> None:
    begin = watched.world.clock.now().replace(second=0, microsecond=0)
    for value in (1, 2, 5):
        watched.put(value)
        watched.put(value)
        watched.advance(MINUTE)
    query = {
        "Id": "errors",
        "MetricStat": {
            "Metric": {"Namespace": "Shop", "MetricName": "Errors"},
            "Period": MINUTE,
            "Stat": "Sum",
        },
    }
    answer = watched.metrics.get_metric_data(
        MetricDataQueries=[query],
        StartTime=begin,
        EndTime=begin + timedelta(minutes=3),
        ScanBy="TimestampAscending",
    )
    assert answer["MetricDataResults"][0]["Values"] == [2.0, 4.0, 10.0]
    points = watched.metrics.get_metric_statistics(
        Namespace="Shop",
        MetricName="Errors",
        StartTime=begin,
        EndTime=begin + timedelta(minutes=3),
        Period=MINUTE,
        Statistics=["Average", "SampleCount"],
    )["Datapoints"]
    assert sorted((point["Average"], point["SampleCount"]) for point in points) == [
        (1.0, 2.0),
        (2.0, 2.0),
        (5.0, 2.0),
    ]


def test_statistics_know_what_came_after_they_were_last_asked(watched: Watched) -> None:
    begin = watched.world.clock.now() - timedelta(minutes=2)

    def total(name: str = "Errors", **dimensions: str) -> float:
        points = watched.metrics.get_metric_statistics(
            Namespace="Shop",
            MetricName=name,
            Dimensions=[{"Name": key, "Value": item} for key, item in dimensions.items()],
            StartTime=begin,
            EndTime=begin + timedelta(minutes=9),
            Period=MINUTE,
            Statistics=["Sum"],
        )["Datapoints"]
        return sum(point["Sum"] for point in points)

    assert total() == 0
    for value, seen in ((1, 1.0), (2, 3.0), (4, 7.0)):
        watched.put(value)
        assert total() == seen
    watched.put(8, "Visits")
    watched.put(16, shop="one", floor="two")
    watched.put(32, floor="two", shop="one")
    assert total("Visits") == 8
    assert total() == 7, "without dimensions is a metric of its own"
    assert total(shop="one", floor="two") == 48, "in whatever order"
    assert total(shop="one") == 0


def test_a_new_account_knows_no_data_of_the_one_before(aws: LocalAws) -> None:
    states = []
    for value in (50, None):
        watched = Watched(aws)
        watched.alarm()
        states.append(watched.minute(*[value] * (value is not None)))
        aws.reset()
    assert states == ["ALARM", "INSUFFICIENT_DATA"]


def test_the_size_of_a_bucket_is_a_metric(watched: Watched) -> None:
    s3 = watched.client("s3")
    s3.create_bucket(Bucket="shelf")
    for name in ("one", "two", "three"):
        s3.put_object(Bucket="shelf", Key=name, Body=b"x")
    now = datetime.now(UTC)  # moto dates what it computes by the machine's own clock
    (point,) = watched.metrics.get_metric_statistics(
        Namespace="AWS/S3",
        MetricName="NumberOfObjects",
        Dimensions=[
            {"Name": "BucketName", "Value": "shelf"},
            {"Name": "StorageType", "Value": "AllStorageTypes"},
        ],
        StartTime=now - timedelta(days=1),
        EndTime=now + timedelta(days=1),
        Period=86_400,
        Statistics=["Maximum"],
    )["Datapoints"]
    assert point["Maximum"] == 3
