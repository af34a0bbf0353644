"""Count, check and write what a parser returned. Nothing is visible until the proposal names it."""

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.core.blocks import write_blocks
from jobs.core.ledger import Unbalanced
from jobs.core.schema import load_schema
from jobs.core.session import SHARES
from jobs.core.snapshot import DataFile, Partitions, write_json
from jobs.core.tables import write_table
from jobs.core.together import write_together
from jobs.replay.release import Released, released_records, write_released
from jobs.replay.requests import Replay
from jobs.rights.memory import write_refused
from jobs.rights.refuse import without_erased, without_erased_bytes
from jobs.standardise.claims import new_claims
from jobs.standardise.context import RECORDS, Context, Standardised
from jobs.standardise.counts import Counts, intake_lines, producer_entries
from jobs.standardise.intake import write_intake, write_record_blocks
from jobs.standardise.pools import claim_pool, quarantine_path, quarantine_pool, standard_pool


def write_proposal(context: Context, result: Standardised, replays: list[Replay]) -> dict[str, Any]:
    """Write the tables of a night and return its proposal. Raises Unbalanced when a record has no outcome or two."""
    result, refused = without_erased(context, result)
    records = result.records.select(*[F.col(c.name).cast(c.dataType) for c in RECORDS.fields])
    blocks = None if replays else result.record_blocks
    records = records if blocks is not None else context.cache(records)
    fresh = records if blocks is not None else only(context, records, replayed=False)
    with ThreadPoolExecutor() as beside:
        # tables of one file end in one task each: they are written beside those of many
        claims = beside.submit(write_claims, context, result.claims) if result.states_claims else None
        standard = beside.submit(write_standard, context, result)
        intake, counts = (
            write_intake(context, fresh, result.shown_files) if blocks is None else write_record_blocks(context, blocks)
        )
        lines = intake_lines(context, counts)
        released = released_records(context, only(context, records, replayed=True), replays) if replays else Released()
        quarantined = write_quarantine(context, fresh, counts)
    night_tables = {
        "intake": intake,
        "quarantined_record": quarantined,
        "claim": claims.result() if claims is not None else [],
    }
    tables = standard.result()
    counts.warn(result.warned)
    write_released(context, released)
    if refused is not None:
        write_refused(context.settings, context.source, context.night, refused)
    return {
        "night": context.night,
        "source": context.source,
        "base": context.base["night"] if context.base else None,
        "producers": producer_entries(context, counts, result, tables, released),
        "tables": {name: [file.to_json() for file in files] for name, files in night_tables.items()},
        "measures": result.measures,
        "ledger": sorted_lines(lines + [stamped(context, one) for one in result.events] + released.lines(context)),
    }


def only(context: Context, records: DataFrame, *, replayed: bool) -> DataFrame:
    """Records of tonight's deliveries, or of those that are taken in again."""
    if not any(one.replayed for one in context.deliveries):
        return records if not replayed else records.limit(0)
    chosen = context.pairs([one for one in context.deliveries if one.replayed is replayed])
    return records.join(F.broadcast(chosen), ["producer", "delivery_id"], how="left_semi").select(*RECORDS.names)


def placed(context: Context, records: DataFrame) -> DataFrame:
    """Records with the night and source that all tables of the night carry."""
    return records.withColumn("night", F.lit(context.night)).withColumn("source", F.lit(context.source))


def write_quarantine(context: Context, fresh: DataFrame, counts: Counts) -> list[DataFile]:
    """Rejected records with their bytes and place, for replay and a cleared steward."""
    files: list[DataFile] = []
    if counts.quarantined:
        schema = load_schema("quarantine/quarantined_record")
        rows = placed(context, without_erased_bytes(context, fresh.where(F.col("outcome") == "quarantined")))
        files = night_files(
            write_table(schema.select(rows), schema, quarantine_pool(context.settings), context.attempt)
        )
    pointer = {"night": context.night, "source": context.source, "files": [file.to_json() for file in files]}
    write_json(quarantine_path(context.settings, context.source, context.night), pointer)
    return files


def write_claims(context: Context, claims: DataFrame) -> list[DataFile]:
    """Claims that the base state does not hold yet."""
    schema = load_schema("identity/claim")
    return night_files(write_table(new_claims(context, claims), schema, claim_pool(context.settings), context.attempt))


def write_standard(context: Context, result: Standardised) -> dict[str, Partitions]:
    """The new content of the partitions in scope. Raises Unbalanced when a row lies outside of it."""
    tables: dict[str, Partitions] = {name: {} for name in sorted(result.tables)}  # unchanged: no job to learn it
    wanted = [name for name in tables if result.scope[name]]
    if result.spans is not None and wanted:
        tables |= write_by_one_job(context, result, wanted, result.spans)
    else:
        tables |= {name: write_one(context, result, name) for name in wanted}
    for name, parts in tables.items():
        outside = sorted(set(parts) - parts_of(result, name))
        if outside:
            raise Unbalanced(f"{name}: rows of {outside[0]}, which the proposal does not replace.")
    return tables


def write_by_one_job(context: Context, result: Standardised, names: list[str], letters: int) -> dict[str, Partitions]:
    """The new content of some tables."""
    schemas = {name: load_schema(f"standard/{name}") for name in names}
    pool, tasks = standard_pool(context.settings, context.source), int(context.spark.conf.get(SHARES) or 1)
    frames = {name: result.tables[name] for name in names}
    return write_together(frames, schemas, pool, context.attempt, tasks=tasks, letters=letters)


def write_one(context: Context, result: Standardised, name: str) -> Partitions:
    """The new content of one table."""
    schema, pool = load_schema(f"standard/{name}"), standard_pool(context.settings, context.source)
    if name in result.in_blocks:
        return write_blocks(result.tables[name], schema, pool, context.attempt, sorted(parts_of(result, name)))
    together = ("producer",) if name in result.by_producer else ()
    return write_table(result.tables[name], schema, pool, context.attempt, together=together)


def parts_of(result: Standardised, name: str) -> set[str]:
    """Names of the partitions in the scope of a table."""
    return {"__".join(pair) for pair in result.scope[name]}


def night_files(parts: Partitions) -> list[DataFile]:
    """The files of a table that is partitioned by night."""
    return [file for _, files in sorted(parts.items()) for file in files]


def stamped(context: Context, line: dict[str, Any]) -> dict[str, Any]:
    """A ledger line of a parser with the stage and source that it need not repeat."""
    return {"stage": "standardise", "source": context.source} | line


def sorted_lines(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Ledger lines in a fixed order, lines that say the same joined into one."""
    joined: dict[tuple[tuple[str, str], ...], int] = defaultdict(int)
    for one in lines:
        joined[tuple(sorted((key, str(value)) for key, value in one.items() if key != "count"))] += one["count"]
    return [dict(key) | {"count": count} for key, count in sorted(joined.items())]
