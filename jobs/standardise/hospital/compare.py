"""Tonight's lines against the last snapshot: what is as it was costs one token a line, what differs is read anew.

A transmission repeats a whole year. A stay all of whose lines the snapshot holds byte for byte, and none of whose lines
is missing, is left as it is; every other stay is *touched*: its lines are parsed, judged and rebuilt together.

What is compared is tokens and places. They pass through Spark as blocks, divided by the token of the stay into ranges;
a task compares one of them at a time in Arrow (``ranges``, ``meet``). A line's text is read again when it is wanted.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, replace

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.core.blocks import BLOCKS, unpacked_rows
from jobs.core.snapshot import files_of, tables_from_json
from jobs.core.tokens import UNIT_SEPARATOR
from jobs.standardise.context import RECORDS, Context
from jobs.standardise.fixed_width_lines import Chosen
from jobs.standardise.hospital import ranges
from jobs.standardise.hospital.files import Files
from jobs.standardise.hospital.ranges import Comparison, Ranges, either
from jobs.standardise.hospital.transmissions import (
    DELIVERY,
    FAST_TRACK,
    TRIAL,
    Pairs,
    Sent,
    delivery_table,
    in_force,
    is_trial,
    sent_tonight,
    transmission_of,
)
from jobs.standardise.pools import standard_pool

PLACE = ["delivery_id", "file", "record"]
GROUP = ["producer", "stay_id"]
LINES = "hospital_line"
FEW = 50_000  # stays with all their lines as tokens: so few that every task may hold them


@dataclass(frozen=True)
class Compared:
    """Tonight's lines in two parts, and what of the snapshot they leave behind.

    ``work``: lines that were read; None when there is nothing to do. ``rest``: records of all others, and
    ``rest_blocks`` the same as blocks, when they come so. ``touched``: GROUP of what is rebuilt. ``gone``: lines of the
    snapshot that are not repeated, or belong to a stay that is told anew by another circuit. ``base``: the snapshot's
    lines of the years in question; None before the first snapshot. ``count`` of the touched; None before the first
    snapshot, when nobody asks.
    """

    work: DataFrame | None
    rest: DataFrame | None
    touched: DataFrame
    gone: DataFrame | None
    base: DataFrame | None
    count: int | None = None
    rest_blocks: DataFrame | None = None

    def near(self, frame: DataFrame) -> DataFrame:
        """A frame of touched stays to join with, handed to every task when they are few."""
        return F.broadcast(frame) if self.count is not None and self.count <= FEW else frame


def at_first(context: Context, files: Files) -> Compared:
    """The lines of a night whose years have no snapshot yet: all of them are work, but for those of trials."""
    told = of_deliveries(context, files.read()).withColumn("late", F.lit(False))
    lines = told.withColumns(nothing_known())
    touched = lines.where(in_force()).select(*GROUP).distinct()
    if all(transmission_of(one) != TRIAL for one in context.deliveries):
        return Compared(lines, None, touched, None, None)
    lines = context.cache(lines)
    return Compared(lines.where(~is_trial()), of_trials(lines), touched, None, None)


def of_trials(lines: DataFrame) -> DataFrame:
    """Records of the lines that trials told."""
    columns = {name: F.lit(None).cast(RECORDS[name].dataType) for name in ("bytes", "field", "warnings")}
    columns |= {"outcome": F.lit("ignored"), "rule": F.lit("HOS-019")}
    return lines.where(is_trial()).withColumns(columns).select(*RECORDS.names)


def compare(context: Context, files: Files, pairs: Pairs) -> Compared:
    """Part the lines of a night by the snapshot's partitions of its years. Raises nothing: what is unreadable is work.

    Two Spark jobs: one compares, one counts the touched stays.
    """
    met = context.cache(meetings(context, files, pairs))
    chosen = wanted(met)
    touched = context.cache(few_rows(met, ranges.TOUCHED, "producer string, stay_id string"))
    base, known = context.base_table(LINES, pairs), met.where(F.col("kind") == ranges.RECORDS)
    rest = known.mapInArrow(unpacked_rows, RECORDS)
    compared = Compared(None, rest, touched, None, base, touched.count(), known)
    if not compared.count and not chosen:
        return compared
    gone = few_rows(met, ranges.GONE, "producer string, line_id string")
    lines = with_late(context, of_deliveries(context, files.read(chosen)), met)
    return replace(
        compared,
        work=with_known(compared, lines),
        gone=context.cache(base.join(compared.near(gone), ["producer", "line_id"], how="left_semi")),
    )


def meetings(context: Context, files: Files, pairs: Pairs) -> DataFrame:
    """The results of all ranges, as blocks."""
    sizes: Counter[str] = Counter()
    sent: dict[str, list[Sent]] = defaultdict(list)
    for one in context.deliveries:
        sizes[one.producer] += sum(item["bytes"] for item in one.files)
    for delivery in sent_tonight(context):
        sent[delivery.producer].append(delivery)
    divided = Ranges.of(sizes)
    lines = files.told(divided)
    if pairs:
        lines = lines.unionByName(held_paths(context, pairs).mapInArrow(divided.held, BLOCKS))
    return lines.repartition("part").sortWithinPartitions("part").mapInArrow(Comparison(dict(sent)).run, BLOCKS)


def held_paths(context: Context, pairs: Pairs) -> DataFrame:
    """Where the snapshot's lines lie: tasks read of them what they compare."""
    held = tables_from_json((context.base or {}).get("tables", {})).get(LINES, {})
    pool = standard_pool(context.settings, context.source)
    files = files_of({name: held.get(name, []) for name in map("__".join, pairs)})
    return context.spark.createDataFrame([(str(pool.path(file)),) for file in files], "path string")


def wanted(met: DataFrame) -> Chosen:
    """Which lines of which files are read again. One Spark job, which compares."""
    found: dict[tuple[str, ...], list[bytes]] = defaultdict(list)
    for row in met.where(F.col("kind") == ranges.WANTED).select("span", "block").collect():
        found[tuple(row.span.split(UNIT_SEPARATOR))].append(bytes(row.block))
    return {file: either(bits) for file, bits in sorted(found.items())}


def few_rows(met: DataFrame, kind: str, columns: str) -> DataFrame:
    """Rows of one kind of block."""
    return met.where(F.col("kind") == kind).mapInArrow(unpacked_rows, columns)


def of_deliveries(context: Context, lines: DataFrame) -> DataFrame:
    """Lines with what their delivery says of itself."""
    return lines.join(F.broadcast(delivery_table(context)), DELIVERY, how="left")


def with_late(context: Context, lines: DataFrame, met: DataFrame) -> DataFrame:
    """Adds ``late``: a provisional line of a stay that is validated already, or that a later fast track tells again."""
    if not has_fast_track(context):
        return lines.withColumn("late", F.lit(False))
    late = few_rows(met, ranges.LATE, "producer string, stay_id string, delivery_id string")
    told = lines.join(late.withColumn("late", F.lit(True)), late.columns, how="left")
    return told.withColumn("late", F.coalesce("late", F.lit(False)))


def has_fast_track(context: Context) -> bool:
    """Whether anything of tonight is provisional."""
    return any(one.transmission == FAST_TRACK for one in context.deliveries)


def with_touched(lines: DataFrame, touched: DataFrame) -> DataFrame:
    """Adds ``touched``, null where it is not true."""
    return lines.join(touched.withColumn("touched", F.lit(True)), GROUP, how="left")


def with_known(compared: Compared, lines: DataFrame) -> DataFrame:
    """Adds what the snapshot says of the same line, see ``known_line``."""
    assert compared.base is not None
    own = compared.base.join(compared.near(compared.touched), GROUP, how="left_semi")
    held = own.select("producer", "line_id", F.struct(*own.columns).alias("known"))
    joined = lines.join(compared.near(held), ["producer", "line_id"], how="left")
    return joined.withColumns(known_line()).drop("known")


def known_line() -> dict[str, Column]:
    """What the snapshot's line ``known`` says of the same line of tonight; no subject when circuits differ."""
    same = F.col("known.provisional") == (F.col("transmission") == FAST_TRACK)
    places = {f"base_{name}": F.col(f"known.{name}") for name in PLACE}
    return places | {
        "base_subject": F.when(same, F.col("known.subject_id")),
        "base_warnings": F.col("known.warnings"),
    }


def nothing_known() -> dict[str, Column]:
    """The columns of ``known_line`` when there is no snapshot."""
    text = {name: F.lit(None).cast("string") for name in ("base_subject", "base_delivery_id", "base_file")}
    return text | {"base_record": F.lit(None).cast("bigint"), "base_warnings": F.lit(None).cast("string")}
