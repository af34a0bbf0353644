"""What every feed of dispensations gives, whatever its format: records with their fate, rows, and traits."""

from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.standardise.merge import PLACE

RECORD = [*PLACE, "offset", "kind", "bytes", "rule", "field", "warnings"]


@dataclass(frozen=True)
class Dispensed:
    """A night of one feed.

    ``records``: one row per record read, columns of RECORD; ``rule`` is null for an accepted one and names what
    quarantines or ignores it otherwise. ``rows``: the dispensations of accepted records as ``standard/dispensation``
    declares them, at least one per record, each with the PLACE of its record. ``claims``: the columns of a claim that
    the feed can state, at least one row per subject. ``lots``: producer and number of each ``lot`` that was read, of a
    feed that comes in numbered lots.
    """

    records: DataFrame
    rows: DataFrame
    claims: DataFrame
    lots: DataFrame | None = None


def united(feeds: list[Dispensed]) -> Dispensed:
    """Several feeds as one."""
    whole = feeds[0]
    for one in feeds[1:]:
        whole = Dispensed(
            records=whole.records.select(*RECORD).unionByName(one.records.select(*RECORD)),
            rows=whole.rows.unionByName(one.rows),
            claims=whole.claims.unionByName(one.claims, allowMissingColumns=True),
            lots=whole.lots or one.lots,
        )
    return whole


def with_outcomes(records: DataFrame, rows: DataFrame, ignored: tuple[str, ...]) -> DataFrame:
    """Every record with its outcome; only the refused ones keep their bytes.

    ``rows``: PLACE and ``outcome`` of each row of accepted records. A record of several rows brought something new when
    one of them did.
    """
    accepted = F.bool_or(F.col("outcome") == "accepted")
    by_place = rows.groupBy(*PLACE).agg(F.when(accepted, "accepted").otherwise("duplicate").alias("outcome"))
    found = by_place.hint("shuffle_hash")  # one share of the night at a time: nothing need be sorted for it
    refused = F.when(F.col("rule").isin(*ignored), "ignored").otherwise("quarantined")
    return records.join(found, PLACE, how="left").select(
        *PLACE,
        "offset",
        "kind",
        F.when(F.col("rule").isNotNull(), F.col("bytes")).alias("bytes"),
        F.when(F.col("rule").isNotNull(), refused).otherwise(F.col("outcome")).alias("outcome"),
        "rule",
        "field",
        "warnings",
    )
