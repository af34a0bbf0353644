"""Published tables in Spark. Run it as ``python examples/with_spark.py [table]``."""

import sys

from pyspark.sql import SparkSession
from where import CURRENT

table = sys.argv[1] if len(sys.argv) > 1 else "dispensation"
spark = (
    SparkSession.builder.config("spark.ui.enabled", "false")
    .config("spark.driver.bindAddress", "127.0.0.1")
    .getOrCreate()
)
frame = spark.read.parquet(str(CURRENT / table))
print(frame.count())
