"""Refused records of a person: by the numbers in their bytes, and a hospital's lines by the stay they are about."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from jobs.core.attempt import new_name
from jobs.core.parquet import write_parquet
from jobs.core.schema import load_schema
from jobs.core.settings import Settings
from jobs.core.snapshot import Pool
from jobs.rights.cut import Cut
from jobs.rights.numbers import Seeker
from jobs.rights.register import Entry
from jobs.rights.spots import stay_lines
from jobs.rights.zones import Removed, clear_zone
from jobs.standardise.context import PACKS
from jobs.standardise.hospital import PMSI

PLACE = ("producer", "delivery_id", "file", "record")
Places = frozenset[tuple[str, ...]]


def clear_quarantine(spark: SparkSession, settings: Settings, entry: Entry) -> Removed:
    """Refused records that can be tied to the person. Proposals of the standard zone name these files too."""
    pool = Pool(settings.quarantine / "pool")
    places = lines_of_stays(spark, settings, pool, entry)
    seeker = Seeker(settings, entry.numbers)

    def cutter(path: Path, pool: Pool, attempt: Path) -> Cut | None:
        table = pq.read_table(path, partitioning=None)
        rows = table.select([*PLACE, "bytes"]).to_pylist()
        stays = [tuple(row[name] for name in PLACE) not in places and not seeker.holds(row["bytes"]) for row in rows]
        if all(stays):
            return None
        if not any(stays):
            return Cut(path.stem, None, len(rows), 0)
        target = attempt / new_name("cut")
        write_parquet(target, table.filter(pa.array(stays)))
        return Cut(path.stem, pool.adopt(target), stays.count(False), 0)

    return clear_zone(settings, "quarantine", [pool], cutter, "standard")


def lines_of_stays(spark: SparkSession, settings: Settings, pool: Pool, entry: Entry) -> Places:
    """Places of a hospital's refused lines about the person's stays, each read as a part of its own."""
    paths = [str(path) for path in sorted(pool.root.glob("*/*.parquet")) if has_hospital(path)]
    if not paths or not entry.stays:
        return frozenset()
    rows = spark.read.schema(load_schema("quarantine/quarantined_record").spark).parquet(*paths)
    part = {
        "format": F.lit(PMSI),
        "part": F.lit(0).cast("bigint"),
        "first_record": F.col("record") - 1,
        "replayed": F.lit(True),
        "head": F.lit(None).cast("binary"),
    }
    packs = rows.where(F.col("source") == "hospital").withColumns(part).select(*PACKS.names)
    one_each = packs.withColumn("file", F.concat_ws("\x1f", "file", "record"))  # parts of one file would be joined
    found = stay_lines(spark, settings, one_each, entry.stays)
    return frozenset(
        (producer, delivery, file.split("\x1f")[0], record) for producer, delivery, file, record, _ in found
    )


def has_hospital(path: Path) -> bool:
    """Whether a file holds records of hospitals."""
    return "hospital" in pc.unique(pq.read_table(path, columns=["source"], partitioning=None)["source"]).to_pylist()
