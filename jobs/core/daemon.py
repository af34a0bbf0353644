"""Spark's daemon of Python workers, with what most of its workers need already loaded.

Workers are forked from the daemon: what it has imported, each of them has. Nothing is computed before a fork, so no
thread is lost by it. A worker collects garbage after each task: what is loaded is kept out of that, which had been four
fifths of the time of the workers of a small night.
"""

import gc

import pandas  # noqa: F401  Spark's Arrow batches ask for it
import pyarrow.compute
import pyarrow.parquet  # noqa: F401
from pyspark import daemon
from pyspark.sql.pandas import serializers  # noqa: F401

import jobs.core.blocks  # noqa: F401  and what it imports: schemas, pools, tokens

if __name__ == "__main__":
    gc.freeze()
    daemon.manager()
