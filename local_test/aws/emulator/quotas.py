"""Service Quotas of SageMaker, as the world declares them; moto has those of VPC only."""

import json

from moto.servicequotas.responses import ServiceQuotasResponse

from local_test.aws.world import World


def install(world: World) -> None:
    """Answer ListServiceQuotas, for this world."""

    def listed(self: ServiceQuotasResponse) -> str:
        wanted = json.loads(self.body)["ServiceCode"]
        quotas = world.quotas if wanted == "sagemaker" else {}
        return json.dumps(
            {
                "Quotas": [
                    {"ServiceCode": wanted, "QuotaName": name, "Value": value}
                    for name, value in quotas.items()
                ]
            }
        )

    ServiceQuotasResponse.list_service_quotas = listed


def reset() -> None:
    """It keeps nothing."""
