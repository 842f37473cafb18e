"""The servers that ours is compared with, a folder each, and ours."""

from benchmarks.serving.peers.bentoml import BentoML
from benchmarks.serving.peers.classic import Classic
from benchmarks.serving.peers.litserve import LitServe
from benchmarks.serving.peers.mlflow import MLflow
from benchmarks.serving.peers.mlserver import MLServer
from benchmarks.serving.peers.ours import Ours
from benchmarks.serving.peers.plain import Plain
from benchmarks.serving.peers.toolkit import Toolkit

SERVERS = (Ours(), Classic(), Plain(), Toolkit(), MLflow(), BentoML(), LitServe(), MLServer())
