"""Make a class-data archive for Spark's JVM: ``python -m ops.archive``, once per environment and change of the session.

Every job of a night starts a JVM that loads the same classes; from an archive they come parsed and verified. The JVM
ignores an archive of another Java, and a session without one works the same, only slower.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from jobs.core.session import class_archive

# What most jobs do: read and write Parquet, hash with a key, join, sort, cut text, call Python on Arrow batches.
LOAD = """
import sys, tempfile
from pathlib import Path
from pyspark.sql import Window, functions as F
from jobs.core.session import build_session
from jobs.core.settings import prepare_root
root = prepare_root(Path(sys.argv[1]) / "root", "synthetic")
spark = build_session(root, "archive")
spark.range(100).select("id", F.col("id").cast("string").alias("text")).write.parquet(sys.argv[1] + "/a")
number = F.row_number().over(Window.partitionBy("text").orderBy("id"))
rows = spark.read.parquet(sys.argv[1] + "/a").withColumn("n", number)
keyed = rows.withColumn("h", F.hex(F.call_function("hmac", F.lit(b"k"), F.encode("text", "UTF-8"), F.lit("SHA256"))))
both = keyed.join(rows.groupBy("text").count(), "text", "left").localCheckpoint()
both.repartition("text").sortWithinPartitions("h").mapInArrow(lambda batches: batches, both.schema).collect()
both.where(F.regexp_replace("h", "A", "").rlike("^[0-9]")).agg(F.collect_set("text"), F.max("n")).collect()
spark.stop()
"""


def main() -> int:
    """Make the archive anew; 0 also when Java cannot make one, since nothing depends on it."""
    archive = class_archive()
    print("archiving Spark's classes (half a minute, once)", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder) / archive.name
        environment = {**os.environ, "VEILLEE_JAVA_OPTIONS": f"-XX:ArchiveClassesAtExit={draft} -Xlog:disable"}
        command = [sys.executable, "-c", LOAD, folder]
        subprocess.run(command, env=environment, check=False, capture_output=True)  # noqa: S603  our own text
        if draft.is_file():
            swapped = archive.with_suffix(".new")  # a JVM may have the old one mapped: it keeps it
            swapped.write_bytes(draft.read_bytes())
            swapped.replace(archive)
    return 0


if __name__ == "__main__":
    sys.exit(main())
