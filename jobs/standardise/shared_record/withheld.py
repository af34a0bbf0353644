"""Where the rows of documents go: shown in their tables, or kept aside while they are masked.

``withheld_row`` keeps each row of a masked document as JSON text beside the name of its table. It has no published
table, so nothing of it can reach a release; when the document is unmasked its rows go back as they were, though no
content is sent again. Rows of replaced and deleted documents are kept nowhere.
"""

from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.core.schema import TableSchema, load_schema
from jobs.standardise.context import Context
from jobs.standardise.shared_record.refuse import DOCUMENT

WITHHELD = "withheld_row"
VERSION = "document_version"
TIME = {"timestampFormat": "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX"}


@dataclass(frozen=True)
class Scope:
    """The (producer, period) pairs of changed documents, before or after tonight, and which ways rows move there."""

    pairs: list[tuple[str, str]]
    masks_new: bool
    masks_known: bool
    restores: bool


def touched(changes: DataFrame) -> Scope:
    """What tonight touches; one Spark job."""
    masked = F.col("status") == "masked"
    new = F.col("seq").isNotNull()
    known = F.col("known_status").eqNullSafe(F.lit("current"))
    rows = (
        changes.select(
            "producer",
            F.explode(F.array("period", "known_period")).alias("period"),
            (masked & new).alias("masks_new"),
            (masked & ~new & known).alias("masks_known"),
            restored().alias("restores"),
        )
        .where(F.col("period").isNotNull())
        .distinct()
        .collect()
    )
    return Scope(
        pairs=sorted({(row.producer, row.period) for row in rows}),
        masks_new=any(row.masks_new for row in rows),
        masks_known=any(row.masks_known for row in rows),
        restores=any(row.restores for row in rows),
    )


def restored() -> Column:
    """A masked document that stands again, its content being what it was."""
    was = F.col("known_status").eqNullSafe(F.lit("masked"))
    return was & (F.col("status") == "current") & F.col("seq").isNull()


def placed(
    context: Context, shown: dict[str, DataFrame], masked: dict[str, DataFrame], changes: DataFrame, scope: Scope
) -> dict[str, DataFrame]:
    """Complete new content of the touched partitions of the tables in ``shown``, of withheld_row and document_version.

    ``shown`` and ``masked``: typed rows of tonight's documents that are current, and of those that are masked. A night
    that masks and unmasks nothing plans nothing for it.
    """
    moved = changes.where(F.col("seq").isNotNull() | ~F.col("status").eqNullSafe(F.col("known_status")))
    ids = moved.select(*DOCUMENT)
    held = context.base_table(WITHHELD, scope.pairs)
    back = held.join(moved.where(restored()).select(*DOCUMENT), list(DOCUMENT), how="left_semi")
    away = moved.where((F.col("status") == "masked") & F.col("seq").isNull()).select(*DOCUMENT)
    aside = held.join(ids, list(DOCUMENT), how="left_anti")
    tables: dict[str, DataFrame] = {}
    for name, frame in shown.items():
        schema, base = load_schema(f"standard/{name}"), context.base_table(name, scope.pairs)
        tables[name] = base.join(ids, list(DOCUMENT), how="left_anti").unionByName(schema.select(frame))
        if scope.restores:
            tables[name] = tables[name].unionByName(opened(back, schema))
        if name in masked:
            aside = aside.unionByName(closed(schema.select(masked[name]), schema))
        if scope.masks_known:
            aside = aside.unionByName(closed(base.join(away, list(DOCUMENT), how="left_semi"), schema))
    versions = context.base_table(VERSION, scope.pairs).join(changes.select(*DOCUMENT), list(DOCUMENT), how="left_anti")
    tables[VERSION] = versions.unionByName(load_schema(f"standard/{VERSION}").select(changes))
    return tables | {WITHHELD: aside}


def closed(rows: DataFrame, schema: TableSchema) -> DataFrame:
    """Rows of a table as rows of withheld_row."""
    text = F.to_json(F.struct(*schema.names), TIME)
    columns = ("producer", "period", "subject_id", "document_id")
    return rows.select(*columns, F.lit(schema.name).alias("table"), text.alias("row"))


def opened(held: DataFrame, schema: TableSchema) -> DataFrame:
    """Rows of one table out of withheld_row."""
    own = held.where(F.col("table") == schema.name)
    return schema.select(own.select(F.from_json("row", schema.spark, TIME).alias("row")).select("row.*"))


def recounted(held: DataFrame, fewer: DataFrame) -> DataFrame:
    """Withheld rows, those of documents with ``fewer`` results: producer, document_id, number."""
    schema = load_schema("standard/document")
    row = F.from_json("row", schema.spark, TIME)
    less = F.to_json(row.withField("result_count", row["result_count"] - F.col("fewer")), TIME)
    counted = F.col("fewer").isNotNull() & (F.col("table") == schema.name)
    joined = held.join(fewer, list(DOCUMENT), how="left")
    return joined.withColumn("row", F.when(counted, less).otherwise(F.col("row"))).select(*held.columns)
