"""Deposited files: whole again when they were cut into parts, and shown under a name that cannot name a patient."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.core.tokens import token_hex, with_key
from jobs.standardise.shared_record.columns import PLACE

# Names made of a known word, numbers and UUIDs stay as they are. Everything else may be a patient's name, number or
# birth date (a run of digits that reads as a date is not shown either).
WORD = "cda|doc|document|dmp|fichier|file|lot|message|package|paquet|renvoi|xdm|ihe_xdm|subset"
DATE = r"(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])|(?:[0-2]\d|3[01])(?:0[1-9]|1[0-2])(?:19|20)\d{2}"
NUMBER = rf"(?!(?:{DATE})(?!\d))\d{{1,12}}(?!\d)"
UUID = "[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}"
EXPORT = "patient|documentreference|observation|immunization|medication(?:request|dispense)?|condition|binary|bundle"
EXPORT += "|allergyintolerance|procedure|practitioner(?:role)?|organization|deleted|error|operationoutcome|log"
EXPORTED = rf"^(?:export\.json|(?:{EXPORT})(?:[-_.]?{NUMBER})?\.ndjson(?:\.gz)?)$"
SHOWN = rf"(?i)^(?:(?:{WORD})[-_]?)?(?:{UUID}|{NUMBER}(?:[-_]{NUMBER})?(?:-[a-z])?)\.(?:xml|zip|cda)$|{EXPORTED}"


def shown_file(key: str = "key") -> Column:
    """The name under which intake and standard tables show a file: as deposited when it is neutral, else a token.

    Needs the columns of PLACE and the collector's key. The quarantine keeps the true name for the steward.
    """
    token = F.concat(F.lit("file-"), F.substring(token_hex("file", *[F.col(name) for name in PLACE], key=key), 1, 16))
    return F.when(F.col("file").rlike(SHOWN), F.col("file")).otherwise(token)


def with_shown_files(frame: DataFrame, key: DataFrame) -> DataFrame:
    """Rows with columns of PLACE, their ``file`` as shown."""
    return with_key(frame, key).withColumn("file", shown_file()).drop("key")


def whole_files(packs: DataFrame, max_bytes: int, *, cut: bool) -> DataFrame:
    """One row per deposited file or replayed record: columns of PLACE, ``wanted``, ``oversize``, ``bytes``.

    ``cut`` says that some files may have several parts; joining them shuffles all bytes, so it is done only then. A
    file beyond the cap is not put together: its first part stands for it, marked ``oversize``.
    """
    plain = packs.select(*PLACE, "part", "offset", F.col("record").alias("wanted"), "bytes")
    if not cut:
        return plain.select(*PLACE, "wanted", F.lit(False).alias("oversize"), "bytes")
    last = plain.where(F.col("part") > 0).groupBy(*PLACE).agg(F.max("offset").alias("last"))
    marked = plain.join(last, list(PLACE), how="left").withColumn(
        "oversize", F.coalesce(F.col("last") >= max_bytes, F.lit(False))
    )
    single = marked.where(F.col("last").isNull() | (F.col("oversize") & (F.col("part") == 0)))
    parts = F.sort_array(F.collect_list(F.struct("part", "bytes")))
    joined = F.aggregate(parts, F.lit(b"").cast("binary"), lambda total, one: F.concat(total, one["bytes"]))
    several = marked.where(F.col("last").isNotNull() & ~F.col("oversize"))
    columns = [*PLACE, "wanted", "oversize", "bytes"]
    together = several.groupBy(*PLACE, "wanted", "oversize").agg(joined.alias("bytes"))
    return single.select(*columns).unionByName(together.select(*columns))
