"""The shared medical record: CDA R2 documents, bare or in IHE_XDM packages, to documents and laboratory results.

Spark jobs of a night: parse, decide, versions (each settled on disk), the touched periods, the events.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.core.attempt import new_name
from jobs.core.tokens import with_key
from jobs.standardise.context import RECORDS, Context, Standardised
from jobs.standardise.documents import Limits
from jobs.standardise.shared_record.columns import PARSED, PLACE
from jobs.standardise.shared_record.decide import outcomes, versions
from jobs.standardise.shared_record.files import shown_file, whole_files, with_shown_files
from jobs.standardise.shared_record.known import known_versions, ordered
from jobs.standardise.shared_record.measures import measures
from jobs.standardise.shared_record.parse import parser
from jobs.standardise.shared_record.refuse import refuse
from jobs.standardise.shared_record.tables import changed, claims, ledger_events, standard_tables, touched
from jobs.standardise.shared_record.typed import typed

WHOLE_FILE_RULES = ("DOC-011", "DOC-013", "DOC-019")  # they refuse a file as one record, whatever documents it holds
BATCH_RECORDS = 64  # documents are large rows
BATCH_BYTES = 67_108_864  # what one Python worker holds of raw documents, or one document when that is larger


def standardise(context: Context) -> Standardised:
    """Parse and decide a night of documents (see jobs.standardise.context)."""
    limits = Limits.of(context.settings.policy)
    files = whole_files(context.packs(), limits.max_document_bytes, cut=has_cut_files(context))
    with small_batches(context):
        parsed = settled(context, spread(context, files).mapInArrow(parser(limits), PARSED), "parsed")
    key = context.key("collector")
    frame = with_key(typed(parsed, key, context.night), key).withColumn("shown", shown_file()).drop("key")
    known = known_versions(context)
    judged = outcomes(refuse(ordered(frame, context.delivery_table()), known))
    decided = settled(context, judged, "decided")
    after = settled(context, versions(decided.withColumn("file", F.col("shown")), known), "versions")
    changes = changed(after)
    scope = touched(changes)
    tables = standard_tables(context, decided, changes, scope)
    return Standardised(
        records=records(decided, files),
        tables=tables,
        claims=claims(context, decided),
        scope=dict.fromkeys(tables, scope),
        events=ledger_events(decided, after),
        measures=measures(context, decided),
        shown_files=lambda found: with_shown_files(found, key),
    )


def settled(context: Context, frame: DataFrame, name: str) -> DataFrame:
    """The frame, computed once into the attempt folder: what follows starts from a short plan, and memory stays free.

    The folder lies in the closed work zone and is gone at the end of the job.
    """
    path = str(context.attempt / new_name(name))
    frame.write.parquet(path)
    return context.spark.read.schema(frame.schema).parquet(path)


def has_cut_files(context: Context) -> bool:
    """Whether a file may have several parts: one beyond the cap, or one that an earlier night's policy may have cut.

    A wrong answer fails the night's balance.
    """
    part = context.settings.policy["documents"]["max_document_bytes"]
    return any(one.replayed or item["bytes"] > part for one in context.deliveries for item in one.files)


@contextmanager
def small_batches(context: Context) -> Iterator[None]:
    """Arrow batches sized for documents while they are parsed; the session's own sizes afterwards."""
    wanted = {"maxRecordsPerBatch": str(BATCH_RECORDS), "maxBytesPerBatch": str(BATCH_BYTES)}
    names = {f"spark.sql.execution.arrow.{name}": value for name, value in wanted.items()}
    before = {name: context.spark.conf.get(name) for name in names}
    for name, value in names.items():
        context.spark.conf.set(name, value)
    try:
        yield
    finally:
        for name, old in before.items():
            context.spark.conf.set(name, str(old))


def spread(context: Context, files: DataFrame) -> DataFrame:
    """Use every core when the packs are too few to do so."""
    cores = context.spark.sparkContext.defaultParallelism
    return files.repartition(cores) if files.rdd.getNumPartitions() < cores else files


def records(decided: DataFrame, files: DataFrame) -> DataFrame:
    """One row per record with its outcome, columns of RECORDS; refused ones carry the bytes of their whole file.

    A document of a package cannot be judged again without its package, so each refused one keeps all of it.
    """
    refused = decided.where(F.col("outcome") == "quarantined").select(*PLACE).distinct()
    raw = files.join(refused, list(PLACE), how="left_semi").select(*PLACE, F.col("bytes").alias("raw"))
    joined = decided.join(raw.dropDuplicates(list(PLACE)), list(PLACE), how="left")
    columns = {
        "offset": F.lit(0).cast("bigint"),
        "bytes": F.when(F.col("outcome") == "quarantined", F.col("raw")),
    }
    return joined.withColumns(columns).select(*RECORDS.names)
