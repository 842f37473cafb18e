"""`status`: the stacks, the endpoint and the runs of an environment."""

from argparse import Namespace

from ci.client import ClientError, client, saying
from ci.deployment import STACKS, Deployment
from ci.errors import EXIT_OK

NEWEST = 5


def run(options: Namespace) -> int:
    """Print what there is."""
    deployment = Deployment.of(options.environment)
    region = deployment.region
    cloudformation = client("cloudformation", region)
    for stack in STACKS:
        name = deployment.stack_name(stack)
        try:
            found = cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
        except ClientError:
            found = "not deployed"
        print(f"stack     {name}  {found}")
    name = deployment.environment.endpoint_name
    try:
        endpoint = client("sagemaker", region).describe_endpoint(EndpointName=name)
        print(f"endpoint  {name}  {endpoint['EndpointStatus']}  {endpoint['EndpointConfigName']}")
    except ClientError:
        print(f"endpoint  {name}  not there")
    machine = deployment.outputs("retraining")["StateMachineArn"]
    with saying("listing runs"):
        runs = client("stepfunctions", region).list_executions(
            stateMachineArn=machine, maxResults=NEWEST
        )["executions"]
    for one in runs:
        print(f"run       {one['name']}  {one['status']}  {one['startDate']:%Y-%m-%d %H:%M}")
    return EXIT_OK
