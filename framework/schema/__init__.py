"""What requests must look like, learned from the training data.

    schema = InputSchema.learn(X)       # when training: shape, columns, types, categories
    data = schema.conform(table)        # when serving: the same types again, or a RequestError

It imports neither numpy nor pandas before there is data, so that `import framework` stays light.
"""

from framework.schema.column import Column
from framework.schema.input import InputSchema
from framework.schema.sample import SampleRequest, sample_of
from framework.schema.statistics import learn_statistics

__all__ = ["Column", "InputSchema", "SampleRequest", "learn_statistics", "sample_of"]
