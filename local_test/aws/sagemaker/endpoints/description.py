"""A fleet as DescribeEndpoint shows it."""

from typing import Any

from local_test.aws.sagemaker.endpoints.fleet import Fleet
from local_test.aws.sagemaker.endpoints.group import Group


def variants(fleet: Fleet, changing: str = "") -> list[dict[str, Any]]:
    """ProductionVariants.

    Args:
        changing: what is being done to their number of instances.
    """
    status = {"VariantStatus": [{"Status": "Updating", "StatusMessage": changing}]}
    return [{**_shown(group), **(status if changing else {})} for group in fleet.all_groups]


def pending_variants(fleet: Fleet, status: dict[str, Any]) -> list[dict[str, Any]]:
    """ProductionVariants of a PendingDeploymentSummary."""
    return [
        {
            **_shown(group),
            **({} if _serverless(group) else {"InstanceType": group.variant["InstanceType"]}),
            **({} if _serverless(group) else {"DesiredInstanceCount": fleet.counts[group.name]}),
            "VariantStatus": [status],
        }
        for group in fleet.all_groups
    ]


def _shown(group: Group) -> dict[str, Any]:
    shown = {
        "VariantName": group.name,
        "DeployedImages": [
            {
                "SpecifiedImage": group.container["Image"],
                "ResolvedImage": group.resolved_image,
                "ResolutionTime": group.made,
            }
        ],
        "CurrentWeight": group.weight,
        "DesiredWeight": group.weight,
    }
    if _serverless(group):
        config = group.variant["ServerlessConfig"]
        return {**shown, "CurrentServerlessConfig": config, "DesiredServerlessConfig": config}
    return {
        **shown,
        "CurrentInstanceCount": len(group.ready),
        "DesiredInstanceCount": group.desired,
    }


def _serverless(group: Group) -> bool:
    return "ServerlessConfig" in group.variant
