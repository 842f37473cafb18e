"""What a commit means for an environment: decided by content, against what is live there.

A pure decision (``decide``) of four contents: the commit's, the live image's, that of the image
which trained the live artifact, and that of the image at the training pointer.
"""

from ci.plan.content import Content, Item
from ci.plan.decision import Basis, Decision, Known, Reason, decide, listed

__all__ = ["Basis", "Content", "Decision", "Item", "Known", "Reason", "decide", "listed"]
