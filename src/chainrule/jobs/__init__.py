"""The work behind the command line: find data, choose a network, train, and tell.

Nothing here prints; each step returns what there is to say.
"""

from chainrule.jobs.network import NetworkOptions, build_chain
from chainrule.jobs.sources import Source, read_source
from chainrule.jobs.training import Outcome, Prepared, TrainingOptions, prepare, train_model

__all__ = [
    "NetworkOptions",
    "Outcome",
    "Prepared",
    "Source",
    "TrainingOptions",
    "build_chain",
    "prepare",
    "read_source",
    "train_model",
]
