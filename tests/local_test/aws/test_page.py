"""The status page in a real browser: what people see of endpoints, executions, jobs and alarms."""

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from local_test.aws.clock import Clock
from local_test.aws.server import LocalAws, running
from tests.ci.environment_of_shop import Shop, until

pytestmark = pytest.mark.browser

CLOCK_SPEED = 30
TRAINING = "/aws/sagemaker/TrainingJobs"
EVIL = """<script>document.title="owned"</script><img src=x onerror='document.title="1"'>&amp;"""
COPIED = (
    "AlgorithmSpecification",
    "RoleArn",
    "InputDataConfig",
    "OutputDataConfig",
    "ResourceConfig",
    "StoppingCondition",
)
IN_SIGHT = """
const { top, bottom } = document.querySelector(".state.running").getBoundingClientRect();
return top > 0 && bottom < innerHeight;
"""
WIDER_THAN_THEIR_PLACE = """
return [...document.querySelectorAll("body, main, aside, main *, aside *")]
  .filter(one => one.checkVisibility() && !one.closest("svg, .drawing"))
  .filter(one => one.scrollWidth > Math.max(one.clientWidth, one.offsetWidth) + 1
    && getComputedStyle(one).display !== "inline")
  .map(one => one.outerHTML.slice(0, 200))
"""
COLORS = """
const solid = color => color !== "rgba(0, 0, 0, 0)";
const ground = one => {
  const color = getComputedStyle(one).backgroundColor;
  return solid(color) || !one.parentElement ? color : ground(one.parentElement);
};
return [...document.querySelectorAll("body *")]
  .filter(one => one.checkVisibility() && !one.closest("svg, select"))
  .filter(one => [...one.childNodes].some(node => node instanceof Text && node.data.trim()))
  .map(one => [one.textContent.slice(0, 40), getComputedStyle(one).color, ground(one)])
  .concat([...document.querySelectorAll(".state")].map(one => [
    one.dataset.state,
    getComputedStyle(one.querySelector("text")).fill,
    getComputedStyle(one.querySelector("rect")).fill,
  ]))
"""
PARCEL: dict[str, Any] = {
    "StartAt": "Weigh",
    "States": {
        "Weigh": {"Type": "Pass", "Next": "Heavy?"},
        "Heavy?": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.kilos", "NumericGreaterThan": 20, "Next": "Crane"}],
            "Default": "Carry",
        },
        "Crane": {"Type": "Pass", "Next": "Load"},
        "Carry": {"Type": "Pass", "Next": "Load"},
        "Load": {
            "Type": "Parallel",
            "Branches": [
                {"StartAt": "Stamp", "States": {"Stamp": {"Type": "Pass", "End": True}}},
                {"StartAt": "Seal", "States": {"Seal": {"Type": "Pass", "End": True}}},
            ],
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Lost"}],
            "Next": "Drive",
        },
        "Drive": {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:sagemaker:describeEndpoint",
            "Parameters": {"EndpointName": "nobody"},
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Explain"}],
            "End": True,
        },
        "Explain": {"Type": "Pass", "Next": "Lost"},
        "Lost": {"Type": "Fail", "Error": "Parcel.Lost", "Cause": EVIL},
    },
}


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    with running(tmp_path_factory.mktemp("aws"), clock=Clock(CLOCK_SPEED)) as aws:
        yield aws


@pytest.fixture(scope="module")
def shop(local: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Deployed, with one release."""
    shop = Shop(local, tmp_path_factory.mktemp("shop"))
    shop.deploy()
    machine = shop.outputs("retraining")["StateMachineArn"]
    first = shop.client("stepfunctions").start_execution(
        stateMachineArn=machine, name="first", input="{}"
    )["executionArn"]
    assert shop.ended(first)["status"] == "SUCCEEDED"
    return shop


@pytest.fixture(scope="module")
def exploded(shop: Shop) -> str:
    """The name of a training job that has failed."""
    sagemaker = shop.client("sagemaker")
    first = sagemaker.describe_training_job(TrainingJobName="first")
    copied = {key: first[key] for key in COPIED}
    sagemaker.create_training_job(
        TrainingJobName="exploded", HyperParameters={"explode": "true"}, **copied
    )
    until(
        lambda: (
            sagemaker.describe_training_job(TrainingJobName="exploded")["TrainingJobStatus"]
            == "Failed"
        )
    )
    return "exploded"


@pytest.fixture(scope="module")
def parcel(shop: Shop) -> str:
    """The ARN of an execution of PARCEL that has ended."""
    machine = shop.client("stepfunctions").create_state_machine(
        name="parcel", definition=json.dumps(PARCEL), roleArn="arn:aws:iam::123456789012:role/any"
    )["stateMachineArn"]
    execution = shop.client("stepfunctions").start_execution(
        stateMachineArn=machine, name="parcel-1", input=json.dumps({"kilos": 3, "to": EVIL})
    )["executionArn"]
    assert shop.ended(execution)["status"] == "FAILED"
    return execution


class Page:
    """What somebody sees and does."""

    def __init__(self, browser: Chrome, shop: Shop):
        self.browser = browser
        self._url = f"{shop.world.url}/_local/page/"
        self._region = shop.region

    def open(self, region: str = "", **chosen: str) -> None:
        """Load the page, with something chosen."""
        place = urlencode({"region": region or self._region})
        self.browser.get(f"{self._url}?{place}#{urlencode(chosen)}")

    def click(self, listed: str, name: str) -> None:
        """Choose in a list by the beginning of what is written there."""
        until(lambda: any(text.startswith(name) for text in self.texts(f"#{listed} a")))
        links = self.browser.find_elements(By.CSS_SELECTOR, f"#{listed} a")
        next(link for link in links if link.text.startswith(name)).click()

    def see(self, text: str, where: str = "#detail") -> None:
        """Wait until a text is there; people see it."""
        until(lambda: text in " ".join(self.texts(where)), seconds=60)

    def texts(self, css: str) -> list[str]:
        """What is written in elements that are displayed, as people read it."""
        return self.browser.execute_script(
            "return [...document.querySelectorAll(arguments[0])]"
            ".filter(one => one.checkVisibility()).map(one => one.innerText ?? one.textContent)",
            css,
        )

    def attributes(self, css: str, *names: str) -> list[tuple[str, ...]]:
        found = self.browser.execute_script(
            "return [...document.querySelectorAll(arguments[0])]"
            ".map(one => arguments[1].map(name => one.getAttribute(name)))",
            css,
            names,
        )
        return [tuple(one) for one in found]

    def states(self) -> dict[str, str]:
        """Name → what the graph says has become of it."""
        found = dict(self.attributes(".state", "data-state", "class"))
        return {name: words.removeprefix("state").strip() for name, words in found.items()}

    def values(self, metric: str) -> list[float]:
        """The values at the points of a chart."""
        titles = self.browser.execute_script(
            "return [...document.querySelectorAll(`[data-metric='${arguments[0]}'] circle title`)]"
            ".map(one => one.textContent)",
            metric,
        )
        return [float(title.partition(" at ")[0].replace(",", "")) for title in titles]

    def resources(self) -> set[str]:
        """The hosts that the page has asked anything."""
        names = self.browser.execute_script(
            "return performance.getEntriesByType('resource').map(one => one.name)"
        )
        return {urlsplit(name).netloc for name in names}


@pytest.fixture
def page(browser: Chrome, shop: Shop) -> Iterator[Page]:
    """After each test: the console has no error, and nobody else was asked."""
    page = Page(browser, shop)
    yield page
    assert [one for one in browser.get_log("browser") if one["level"] == "SEVERE"] == []
    assert page.resources() == {urlsplit(shop.world.url).netloc}


def test_endpoints_and_jobs_are_listed_and_the_region_is_found(
    page: Page, shop: Shop, exploded: str
) -> None:
    page.browser.get(f"{shop.world.url}/_local/page/")
    page.see("shop-test\nInService\nshop-test-first · 2 of 2 instances\n100 %", "#endpoints a")
    assert page.browser.find_element(By.ID, "region").get_property("value") == shop.region
    jobs = {text.partition("\n")[0]: text.split("\n") for text in page.texts("#jobs a")}
    assert jobs["first"][1] == "Completed"
    assert jobs["first-challenger"][1:2] == ["Completed"]
    assert jobs["first-challenger"][2].startswith("processing, ")
    assert jobs[exploded][1] == "Failed"
    assert "the flux capacitor is empty (trainer.py:" in jobs[exploded][3]


def test_a_failed_job_tells_why_with_what_it_was_given_and_its_log(
    page: Page, exploded: str
) -> None:
    page.open()
    page.click("jobs", exploded)
    page.see("AlgorithmError: RuntimeError: the flux capacitor is empty", ".reason.bad")
    assert page.texts("#detail table") == ["explode\ttrue"]
    assert 'raise RuntimeError("the flux capacitor is empty")' in page.texts("pre.log")[0]


def test_a_run_lights_the_state_that_it_is_in_without_a_reload(page: Page, shop: Shop) -> None:
    page.open()
    page.see("first", "#executions")
    page.browser.execute_script("window.loaded = 'once'")
    execution = shop.start(hyperparameters={"seconds": 40})
    name = execution.rpartition(":")[2]
    page.click("executions", name)
    until(lambda: page.states().get("Train") == "running")
    assert [name for name, state in page.states().items() if state == "running"] == ["Train"]
    assert page.texts(".now") == ["Now: Train"]
    assert page.browser.execute_script(IN_SIGHT)
    shop.client("sagemaker").stop_training_job(TrainingJobName=name)
    page.see("FAILED", "h3")
    assert "running" not in page.states().values()
    assert page.states()["Train"] == "failed"
    page.see("was stopped", ".reason.bad")
    assert page.texts(".failure")[0] == "Train: States.TaskFailed\nStopped"
    assert page.browser.execute_script("return window.loaded") == "once"


def test_the_graph_shows_the_way_that_was_taken_and_what_failed(page: Page, parcel: str) -> None:
    page.open(kind="execution", arn=parcel)
    page.see("Parcel.Lost")
    done = dict.fromkeys(("Weigh", "Heavy?", "Carry", "Load", "Stamp", "Seal", "Explain"), "done")
    assert page.states() == {**done, "Crane": "", "Drive": "failed", "Lost": "failed"}
    assert set(page.attributes(".edge.taken", "data-from", "data-to")) == {
        ("Weigh", "Heavy?"),
        ("Heavy?", "Carry"),
        ("Carry", "Load"),
        ("Load", "Stamp"),
        ("Load", "Seal"),
        ("Stamp", "Drive"),
        ("Seal", "Drive"),
        ("Drive", "Explain"),
        ("Explain", "Lost"),
    }
    others = {("Heavy?", "Crane"), ("Crane", "Load")}
    assert set(page.attributes(".edge:not(.taken)", "data-from", "data-to")) == others
    assert page.texts(".state.failed .mark") == ["✕", "✕"]
    assert any("Drive: SageMaker" in text and "nobody" in text for text in page.texts(".failure"))


def test_a_released_run_is_green_to_its_end(page: Page, shop: Shop) -> None:
    page.open()
    page.click("executions", "first")
    page.see("SUCCEEDED", "h3")
    states = page.states()
    assert (states["Train"], states["Done"], states["Not released"]) == ("done", "done", "")
    assert "failed" not in states.values()
    assert '"released": true' in " ".join(page.texts("pre"))


def test_metrics_of_a_job_are_drawn_at_their_values(page: Page, shop: Shop) -> None:
    began = shop.client("sagemaker").describe_training_job(TrainingJobName="first")["CreationTime"]
    values = [3.5, 1.25, 2.0]
    shop.client("cloudwatch").put_metric_data(
        Namespace=TRAINING,
        MetricData=[
            {
                "MetricName": "validation:loss",
                "Value": value,
                "Timestamp": began + timedelta(seconds=4 * number),
                "Dimensions": [{"Name": "TrainingJobName", "Value": "first"}],
            }
            for number, value in enumerate(values, 1)
        ],
    )
    page.open(kind="job", type="training", name="first")
    page.see("validation:loss average per second; last: 2")
    assert page.values("validation:loss") == values
    drawn = page.attributes("[data-metric='validation:loss'] circle", "cx", "cy")
    left, middle, right = ((float(x), float(y)) for x, y in drawn)
    assert middle[0] - left[0] == pytest.approx(right[0] - middle[0], rel=0.01)
    assert (middle[1] - left[1]) / (middle[1] - right[1]) == pytest.approx(2.25 / 0.75)


def test_requests_of_an_endpoint_are_counted_in_its_chart(page: Page, shop: Shop) -> None:
    page.open()
    page.click("endpoints", "shop-test")
    page.see("Invocations per minute")
    before = sum(page.values("Invocations"))
    for _ in range(7):
        shop.ask()
    until(lambda: sum(page.values("Invocations")) == before + 7, seconds=60)
    page.see("ModelLatency in ms")
    assert all(0 < value < 1000 for value in page.values("ModelLatency"))
    page.see("Launching 2 instance(s).")
    assert any('"event": "invocation"' in log for log in page.texts("pre.log"))


def test_an_alarm_shows_its_metric_and_threshold(page: Page, shop: Shop) -> None:
    cloudwatch = shop.client("cloudwatch")
    metric = {"Namespace": "shop", "MetricName": "Complaints"}
    cloudwatch.put_metric_alarm(
        AlarmName="complaints",
        **metric,
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=5,
        ComparisonOperator="GreaterThanThreshold",
    )
    page.open()
    page.click("alarms", "complaints")
    page.see("Nothing to draw")
    cloudwatch.put_metric_data(
        Namespace=metric["Namespace"],
        MetricData=[
            {"MetricName": metric["MetricName"], "Value": 8, "Timestamp": shop.world.clock.now()}
        ],
    )
    page.see("ALARM", "h3")
    page.see("Sum of Complaints in shop, GreaterThanThreshold 5, 1 x 60 s")
    page.see("threshold 5", ".limit-name")
    assert sum(page.values("Complaints")) == 8


def test_a_canary_has_its_share_of_the_traffic(page: Page, shop: Shop) -> None:
    sagemaker = shop.client("sagemaker")
    live = sagemaker.describe_endpoint_config(EndpointConfigName=shop.live())
    variant = {**live["ProductionVariants"][0], "InitialInstanceCount": 3}
    sagemaker.create_endpoint_config(EndpointConfigName="larger", ProductionVariants=[variant])
    traffic = {
        "Type": "CANARY",
        "CanarySize": {"Type": "INSTANCE_COUNT", "Value": 1},
        "WaitIntervalInSeconds": 3600,
    }
    policy = {"TrafficRoutingConfiguration": traffic}
    sagemaker.update_endpoint(
        EndpointName=shop.endpoint,
        EndpointConfigName="larger",
        DeploymentConfig={"BlueGreenUpdatePolicy": policy},
    )
    page.open()
    page.see("Updating\nshop-test-first · 2 of 2 instances\n67 %", "#endpoints a")
    page.see("larger · 3 of 3 instances\n33 %", "#endpoints a")
    shop.world.clock.advance(timedelta(hours=1))
    page.see("InService\nlarger · 3 of 3 instances\n100 %", "#endpoints a")


def test_what_users_write_is_text(page: Page, shop: Shop, parcel: str) -> None:
    logs = shop.client("logs")
    where = {"logGroupName": TRAINING, "logStreamName": "first/evil"}
    logs.create_log_stream(**where)
    now = int(shop.world.clock.time() * 1000)
    logs.put_log_events(**where, logEvents=[{"timestamp": now, "message": EVIL}])
    page.open(kind="job", type="training", name="first")
    page.see(EVIL, "pre.log")
    page.click("executions", "parcel-1")
    page.see(f"Parcel.Lost: {EVIL}", ".reason")
    page.see(json.dumps(EVIL), "pre")
    page.open(kind="alarm", name=EVIL)
    page.see(EVIL, "h3")
    assert page.browser.title == "Local AWS"
    assert page.attributes("script, img", "src") == [("page.js",)]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_can_be_read_on_any_screen(
    page: Page, shop: Shop, parcel: str, exploded: str, scheme: str
) -> None:
    name = "alarm" * 30
    shop.client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        Namespace="any",
        MetricName="any",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    for listed, chosen in {
        "endpoints": shop.endpoint,
        "executions": "parcel-1",
        "jobs": exploded,
        "alarms": name,
    }.items():
        page.browser.set_window_size(1400, 1000)
        page.open()
        page.click(listed, chosen)
        page.see(chosen, "h3")
        for width in (500, 800, 1400):
            page.browser.set_window_size(width, 1000)
            assert page.browser.execute_script(WIDER_THAN_THEIR_PLACE) == []
            assert bool(page.texts("main")) == (width > 640)
            assert page.texts(".back") == (["← All"] if width < 640 else [])
        faint = {
            text: contrast(color, ground)
            for text, color, ground in page.browser.execute_script(COLORS)
            if contrast(color, ground) < 4.5
        }
        assert faint == {}


def contrast(one: str, other: str) -> float:
    """Of two colors as browsers write them, by WCAG 2."""
    lights = sorted((luminance(one), luminance(other)))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def luminance(color: str) -> float:
    parts = [int(part) / 255 for part in color.partition("(")[2].strip(")").split(",")[:3]]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return sum(part * weight for part, weight in zip(linear, (0.2126, 0.7152, 0.0722), strict=True))


def test_a_server_that_is_gone_is_told_and_found_again(page: Page) -> None:
    page.open()
    page.see("first", "#executions")
    page.browser.set_network_conditions(offline=True, latency=0, throughput=0)
    page.see("No answer", "#lost")
    page.browser.delete_network_conditions()
    until(lambda: not page.texts("#lost"))
    page.browser.get_log("browser")


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("nothing", "There is no /_local/page/nothing here."),
        ("api/nothing", "There is no /_local/page/api/nothing here."),
        ("../application.py", "There is no"),
        ("%2e%2e/application.py", "There is no"),
        ("api/overview?region=mars", "There is no region 'mars'."),
        ("api/job?region=eu-west-1&type=cooking&name=any", "There are no 'cooking' jobs"),
        ("api/job?region=eu-west-1&type=training&name=nobody", "nobody"),
        ("api/endpoint?region=eu-west-1&name=nobody", "nobody"),
        ("api/execution?region=eu-west-1&arn=nobody", "nobody"),
    ],
)
def test_what_is_not_there_is_a_clear_404(shop: Shop, path: str, told: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{shop.world.url}/_local/page/{path}")
    assert refused.value.code == 404
    assert refused.value.headers["Content-Type"] == "application/json"
    assert told in json.load(refused.value)["error"]


def test_only_this_machine_is_answered(shop: Shop) -> None:
    port = urlsplit(shop.world.url).port
    socket.create_connection(("127.0.0.1", port), timeout=5).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", port), timeout=5)
