"""The shared medical record: CDA R2 documents, bare or in IHE_XDM packages, and FHIR bulk exports, to one shape.

Spark jobs of a night: parse, replacements, decide, latest, versions (each but the second settled on disk), the touched
periods, the events. Documents of both formats meet before they are typed, so that one document is one document
whatever it came by.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.core.tokens import with_key
from jobs.standardise.context import RECORDS, Context, Standardised
from jobs.standardise.documents import Limits
from jobs.standardise.shared_record import fhir
from jobs.standardise.shared_record.columns import PARSED, PLACE
from jobs.standardise.shared_record.decide import outcomes
from jobs.standardise.shared_record.events import ledger_events
from jobs.standardise.shared_record.fhir import leaving, members
from jobs.standardise.shared_record.fhir.records import records as line_records
from jobs.standardise.shared_record.files import shown_file, whole_files, with_shown_files
from jobs.standardise.shared_record.groups import group_parser, row_groups
from jobs.standardise.shared_record.known import known_versions
from jobs.standardise.shared_record.measures import measures
from jobs.standardise.shared_record.parse import parser
from jobs.standardise.shared_record.registry import registered, visibility_policy
from jobs.standardise.shared_record.relations import refused
from jobs.standardise.shared_record.settled import fitting_shares, settled, span_letters
from jobs.standardise.shared_record.tables import claims, counted, standard_tables
from jobs.standardise.shared_record.typed import typed
from jobs.standardise.shared_record.versions import changes, latest
from jobs.standardise.shared_record.withheld import touched

FEWER = {"shared-record": 64}  # bodies and narrative end in the workers: how a session is made goes by what is left
REPLAY_WHOLE = (fhir.FORMAT,)  # a document is lines of several files: they are only read again together
WHOLE_FILE_RULES = (
    "DOC-011",
    "DOC-013",
    "DOC-019",
    "DOC-303",
)  # they refuse a file as one record, whatever documents it holds
BATCH_RECORDS = 64  # documents are large rows
TASKS_EACH = 8  # of a core: large and small documents even out
BATCH_BYTES = 67_108_864  # what one Python worker holds of raw documents, or one document when that is larger


def standardise(context: Context) -> Standardised:
    """Parse and decide a night of documents (see jobs.standardise.context)."""
    key, known = context.key("collector"), known_versions(context)
    files, parsed, exports = read(context, known)
    together = parsed[0] if len(parsed) == 1 else parsed[0].unionByName(parsed[1], allowMissingColumns=True)
    frame = with_key(counted(typed(together, key, context.night)), key).withColumn("shown", shown_file())
    frame = members.named(frame, exports.known) if exports is not None and exports.has_known else frame
    frame = registered(frame, context).drop("key")
    decided = settled(context, outcomes(refused(frame, known), known), "decided")
    found = settled(context, latest(decided.withColumn("file", F.col("shown")), known), "latest")
    moved = settled(context, changes(found, visibility_policy(context.settings.policy)), "versions")
    left = None
    if exports is not None and exports.has_known:
        left = settled(context, leaving.left(context, exports.known, known, exports.lines, decided, moved), "left")
    scope = leaving.widened(touched(moved), left)
    tables = standard_tables(context, decided, together, moved, scope)
    tables = leaving.with_resources(context, tables, decided, moved, left, scope.pairs)
    told = measures(context, decided)
    has_refused = any(one.replayed for one in context.deliveries) or any(
        one["outcome"] == "quarantined" for one in told
    )
    return Standardised(
        records=records(decided, files if has_refused else None, exports),
        tables=tables,
        claims=claims(context, decided),
        scope=dict.fromkeys(tables, scope.pairs),
        events=ledger_events(decided, moved) + leaving.events(left),
        measures=told,
        shown_files=lambda found: with_shown_files(found, key),
        spans=span_letters(context, tables, scope.pairs),
    )


def read(context: Context, known: DataFrame) -> tuple[DataFrame | None, list[DataFrame], fhir.Exports | None]:
    """The night's files of documents, the documents of either format as rows of PARSED, and its exports.

    Files or exports are None when nobody sent any.
    """
    sent, packs = {one.format for one in context.deliveries}, context.packs()
    limits = Limits.of(context.settings.policy)
    files, exports, parsed = None, None, []
    with small_batches(context):
        if sent - {fhir.FORMAT}:
            own = packs.where(F.col("format") != fhir.FORMAT) if fhir.FORMAT in sent else packs
            cut = has_cut_files(context, exports=False)
            files = whole_files(own, limits.max_document_bytes, cut=cut)
            parsed.append(settled(context, parsed_files(context, files, limits, cut=cut), "parsed"))
        if fhir.FORMAT in sent:
            own = packs.where(F.col("format") == fhir.FORMAT)
            exports = fhir.read_exports(context, own, known, cut=has_cut_files(context, exports=True))
            parsed.append(exports.documents.where(~F.col("told_before")))
    fitting_shares(context)
    return files, parsed, exports


def parsed_files(context: Context, files: DataFrame, limits: Limits, *, cut: bool) -> DataFrame:
    """The documents of some files: read from the packs by the workers, unless files are to be put together first."""
    paths = context.pack_paths()
    if cut or not paths or any(one.replayed for one in context.deliveries):
        return spread(context, files).mapInArrow(parser(limits), PARSED)
    wanted = frozenset((one.producer, one.delivery_id) for one in context.deliveries)
    tasks = context.spark.sparkContext.defaultParallelism * TASKS_EACH
    groups = row_groups(context.spark, paths, tasks)
    return groups.mapInArrow(group_parser(limits, wanted, fhir.FORMAT), PARSED)


def has_cut_files(context: Context, *, exports: bool) -> bool:
    """Whether a file may have several parts: one beyond the cap, or one that an earlier night's policy may have cut.

    A wrong answer fails the night's balance. ``exports`` says of which format the files are.
    """
    part = context.settings.policy["documents"]["max_document_bytes"]
    own = [one for one in context.deliveries if (one.format == fhir.FORMAT) is exports]
    return any(one.replayed or item["bytes"] > part for one in own for item in one.files)


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


def records(decided: DataFrame, files: DataFrame | None, exports: fhir.Exports | None) -> DataFrame:
    """One row per record of either format with its outcome, columns of RECORDS.

    ``files`` is None when no document was refused: then no file is read again for its bytes.
    """
    parts = [document_records(decided.where(F.col("carrier") != "fhir"), files)]
    if exports is not None:
        parts.append(line_records(exports.raw, exports.lines, exports.documents, decided))
    return parts[0] if len(parts) == 1 else parts[0].unionByName(parts[1])


def document_records(decided: DataFrame, files: DataFrame | None) -> DataFrame:
    """One row per record with its outcome, columns of RECORDS; refused ones carry the bytes of their whole file.

    A document of a package cannot be judged again without its package, so each refused one keeps all of it.
    """
    if files is None:
        empty = {"offset": F.lit(0).cast("bigint"), "bytes": F.lit(None).cast("binary")}
        return decided.withColumns(empty).select(*RECORDS.names)
    refused = decided.where(F.col("outcome") == "quarantined").select(*PLACE).distinct()
    raw = files.join(refused, list(PLACE), how="left_semi").select(*PLACE, F.col("bytes").alias("raw"))
    joined = decided.join(raw.dropDuplicates(list(PLACE)), list(PLACE), how="left")
    columns = {
        "offset": F.lit(0).cast("bigint"),
        "bytes": F.when(F.col("outcome") == "quarantined", F.col("raw")),
    }
    return joined.withColumns(columns).select(*RECORDS.names)
