"""The peer: claims flattened as SCALPEL-Flattening publishes its method, written anew from its description.

``python -m bench.dcir_flat FOLDER OUT``: each table converted to typed Parquet (dates dd/MM/yyyy), then ER_PRS_F left
joined with ER_PHA_F, ER_CAM_F and ER_ETE_F on the nine key columns and written; drug events are the distinct rows of
patient, day, code and boxes. The last line of output is JSON: rows, sum of amounts; net boxes are written to OUT.
Source of the method: X-DataInitiative/SCALPEL-Flattening and SCALPEL-Extraction (BSD-3-Clause), no code of theirs.
"""

import json
import sys
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from bench.dcir_made import columns
from jobs.core.session import build_session
from jobs.core.settings import prepare_root
from jobs.standardise.layouts import LAYOUTS, read_csv
from jobs.standardise.pharmacy.dcir.layout import KEY

CHILDREN = ("ER_PHA_F", "ER_CAM_F", "ER_ETE_F")
TYPES = {"integer": "bigint", "number": "double", "date": "date"}


def schema_of(table: str) -> str:
    """The typed schema of a table as the description of a delivery has it."""
    found = {
        row["column"]: TYPES.get(row["type"], "string")
        for row in read_csv(LAYOUTS / "pharmacy" / "dcir_columns.csv")
        if row["table"] == table
    }
    return ", ".join(f"{name} {found[name] or 'string'}" for name in columns(table))


def converted(spark: SparkSession, folder: Path, out: Path, table: str) -> DataFrame:
    """A table as Parquet."""
    path = str(out / table)
    options = {"header": "true", "sep": ";", "dateFormat": "dd/MM/yyyy"}
    spark.read.options(**options).schema(schema_of(table)).csv(str(folder / f"{table}.csv")).write.parquet(path)
    return spark.read.parquet(path)


def prefixed(frame: DataFrame, table: str) -> DataFrame:
    """A child table whose other columns carry its name."""
    return frame.select(*KEY, *[F.col(name).alias(f"{table}__{name}") for name in frame.columns if name not in KEY])


def main(folder: Path, out: Path) -> None:
    """Flatten, extract, and say what came out."""
    out.mkdir()
    spark = build_session(prepare_root(out / "root", "synthetic"), "flat")
    flat = converted(spark, folder, out, "ER_PRS_F")
    for table in CHILDREN:
        flat = flat.join(prefixed(converted(spark, folder, out, table), table), list(KEY), how="left")
    flat.write.parquet(str(out / "flat"))
    whole = spark.read.parquet(str(out / "flat"))
    total = whole.agg(F.count(F.lit(1)).alias("rows"), F.sum("BSE_REM_MNT").alias("amount")).first()
    event = ["NUM_ENQ", "ER_PHA_F__PHA_PRS_C13", "EXE_SOI_DTD", "ER_PHA_F__PHA_ACT_QSN"]
    events = whole.where("ER_PHA_F__PHA_PRS_C13 is not null").select(*event).distinct()
    net = events.groupBy(*event[:3]).agg(F.sum(event[3]).alias("net_quantity"))
    net.toDF("person", "product", "care_on", "net_quantity").write.parquet(str(out / "net"))
    assert total is not None
    print(json.dumps({"rows": total["rows"], "amount": round(total["amount"], 2)}))
    spark.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
