"""Which cluster a command gets: containers when an engine answers, else processes."""

from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local_test.cluster import Cluster, ProcessCluster
from local_test.console import Screen
from local_test.errors import BenchError, EngineUnavailable


@contextmanager
def open_cluster(options: Namespace, screen: Screen, scratch: Path) -> Iterator[Cluster]:
    """The cluster that ``--engine``, ``--image`` and this machine allow, closed at the end.

    Args:
        scratch: a directory for logs; removed by the caller with the job.

    Raises:
        EngineUnavailable: containers are asked for and cannot be had.
    """
    cluster = _cluster(options, screen, scratch)
    try:
        yield cluster
    finally:
        cluster.close()


def _cluster(options: Namespace, screen: Screen, scratch: Path) -> Cluster:
    from local_test import containers  # here: the docker package takes a while to import

    wanted = "docker" if options.image else options.engine
    if options.image and options.engine == "process":
        raise BenchError("--image needs --engine docker: an image cannot run as a process.")
    if wanted != "process":
        try:
            return containers.ContainerCluster.of(options.image, options.algorithm, scratch, screen)
        except EngineUnavailable as error:
            if wanted == "docker":
                raise
            screen.say(f"{error} Going on with processes.")
    if not (options.algorithm / "algorithm.toml").is_file():
        raise BenchError(
            f"{options.algorithm} has no algorithm.toml. Name an algorithm directory, "
            "for example `container`, or an image with --image."
        )
    return ProcessCluster(options.algorithm, scratch)
