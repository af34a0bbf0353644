"""Spark's daemon of Python workers, with what most of its workers need already loaded.

Workers are forked from the daemon: what it has imported, each of them has. Nothing is computed before a fork, so no
thread is lost by it.

A worker collects garbage after each task, which was four fifths of what the workers of a small night did: what is
loaded is kept out of that. Spark puts itself first on the path, in archives whose modules each worker would compile
anew: the environment has the same, compiled.
"""

import sys

ARCHIVES = [path for path in sys.path if path.endswith(".zip")]
for path in ARCHIVES:
    sys.path.remove(path)
    sys.path_importer_cache.pop(path, None)

import gc  # noqa: E402

import pandas  # noqa: E402, F401  Spark's Arrow batches ask for it
import pyarrow.compute  # noqa: E402
import pyarrow.parquet  # noqa: E402, F401
from pyspark import daemon, worker  # noqa: E402, F401
from pyspark.sql.pandas import serializers  # noqa: E402, F401

import jobs.core.blocks  # noqa: E402, F401  and what it imports: schemas, pools, tokens

if __name__ == "__main__":
    gc.freeze()
    daemon.manager()
