"""A fleet: all instances of one endpoint config."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from local_test.aws.sagemaker.endpoints.group import Group, Site
from local_test.aws.sagemaker.endpoints.models import container_of
from local_test.aws.sagemaker.store import Store


class Fleet:
    """What runs for one endpoint config.

    Attributes:
        config: the endpoint config, as it was when the fleet was made.
        groups: variant name → its instances.
        counts: variant name → how many instances the fleet is made for.
    """

    def __init__(self, site: Site, store: Store, config: Mapping[str, Any]):
        self.config = dict(config)
        self.groups: dict[str, Group] = {}
        self.counts: dict[str, int] = {}
        for variant in config["ProductionVariants"]:
            model = store.get("model", variant["ModelName"])
            name = variant["VariantName"]
            self.groups[name] = Group(
                site,
                variant,
                container_of(model),
                isolated=model["EnableNetworkIsolation"]
                or config.get("EnableNetworkIsolation", False),
                weight=variant["InitialVariantWeight"],
            )
            self.counts[name] = variant.get("InitialInstanceCount", 1)

    @property
    def name(self) -> str:
        """The endpoint config's name."""
        return self.config["EndpointConfigName"]

    def launch(self, counts: Mapping[str, int] | None = None) -> None:
        """Start instances of each variant (all that it is made for) and wait for them.

        Raises:
            LaunchFailed: those of a variant did not come up.
        """
        for name, count in (counts or self.counts).items():
            self.groups[name].launch(count)

    def terminate(self, counts: Mapping[str, int]) -> None:
        """Stop instances of each variant."""
        for name, count in counts.items():
            self.groups[name].terminate(count)

    def retire(self) -> None:
        """Stop everything, when what is on its way is answered."""
        with ThreadPoolExecutor(len(self.groups)) as pool:
            list(pool.map(lambda group: group.terminate(len(group.instances)), self.all_groups))

    def kill(self) -> None:
        """End everything at once."""
        for group in self.all_groups:
            group.kill()

    def clean_up(self) -> None:
        """Remove what the containers needed and left, when they have ended."""
        for group in self.all_groups:
            group.clean_up()

    @property
    def all_groups(self) -> list[Group]:
        return list(self.groups.values())
