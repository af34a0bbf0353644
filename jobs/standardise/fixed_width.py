"""Fixed-width files as bytes: lines, and fields cut by a layout. Native Spark throughout, one character per byte."""

from collections.abc import Callable

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.standardise.layouts import Cut, FileKind, Layout

PLACE = ["producer", "delivery_id", "file"]
LINE_END = "\n|\r(?!\n)"  # each is one byte; the \r of a \r\n stays with its line and is taken off there
NO_CONTENT = "[ \t\x00\x1a\r]+$"  # 0x1A ends files of old systems
LATIN = "ISO-8859-1"  # every byte is one character: positions hold, nothing is lost
WINDOWS = {code: bytes([code]).decode("cp1252", "ignore") for code in range(0x80, 0xA0)}


def lines_of(packs: DataFrame, *, several_parts: bool) -> DataFrame:
    """Lines of files that came as parts: the pack's labels, ``record`` (line number), ``offset`` and ``line``.

    ``line`` is text of one character per byte, without its line end; a line of blanks is no record. CRLF, LF and CR
    may be mixed and the last line end may be missing. ``converted`` is true when the part holds bytes that only make
    sense as UTF-8: such a file was cut by characters that are no longer one byte, and its fields are shifted.
    """
    text = packs.withColumn("text", F.decode("bytes", LATIN)).drop("bytes")
    text = text.withColumn("converted", looks_converted(F.col("text")))
    if several_parts:
        text = with_old_line_ends(text)
    part = Window.partitionBy(*PLACE, "part", "offset").orderBy("position").rowsBetween(Window.unboundedPreceding, -1)
    pieces = text.select(
        *[name for name in text.columns if name != "text"],
        F.posexplode(F.split("text", LINE_END, -1)).alias("position", "piece"),
    )
    before = F.coalesce(F.sum(F.length("piece") + 1).over(part), F.lit(0))
    placed = pieces.withColumn("start", before)
    number = F.coalesce("record", F.col("first_record") + F.col("position") + 1)
    return (
        placed.withColumn("record", number)
        .withColumn("offset", F.col("offset") + F.col("start"))
        .withColumn("line", F.regexp_replace("piece", "\r$", ""))
        .where(F.regexp_replace("piece", NO_CONTENT, "") != "")
        .drop("piece", "position", "start", "first_record", "part", "head")
    )


def with_old_line_ends(text: DataFrame) -> DataFrame:
    """Parts whose ``first_record`` also counts lone CRs before them; pull counts LFs only."""
    lone = F.regexp_count("text", F.lit("\r(?!\n)"))
    earlier = Window.partitionBy(*PLACE).orderBy("part").rowsBetween(Window.unboundedPreceding, -1)
    counted = text.select(*PLACE, "part", lone.alias("lone"))
    extra = counted.withColumn("extra", F.coalesce(F.sum("lone").over(earlier), F.lit(0))).drop("lone")
    joined = text.join(F.broadcast(extra), [*PLACE, "part"], how="left")
    return joined.withColumn("first_record", F.col("first_record") + F.col("extra")).drop("extra")


def looks_converted(text: Column) -> Column:
    """Whether every byte beyond ASCII belongs to a well-formed UTF-8 sequence, and there is one."""
    sequence = "[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
    stray = F.regexp_replace(text, sequence, "").rlike("[\x80-\xff]")
    return text.rlike(sequence) & ~stray


def line_bytes(line: Column) -> Column:
    """The bytes of a line as they were sent."""
    return F.encode(line, LATIN)


def windows_text(text: Column) -> Column:
    """Text fields as cp1252 means them: it has letters and signs where ISO-8859-1 has control characters."""
    known = {code: sign for code, sign in WINDOWS.items() if sign}
    return F.translate(text, "".join(map(chr, known)), "".join(known.values()))


def sniffed(line: Column, kind: FileKind) -> Column:
    """The version that a line claims, when its shape at that place is that of the file; else null."""
    claimed = F.substring(line, kind.sniff.start, kind.sniff.length)
    return F.when(line.rlike(kind.looks_like), claimed)


def header_field(kind: FileKind, name: str, padded: Column, version: Column) -> Column:
    """A header field by the layout of each line's version; null where the version has no such field."""
    places: dict[Cut, list[str]] = {}
    for one in kind.layouts.values():
        if name in one.header:
            places.setdefault(one.header[name], []).append(one.version)
    if len(places) == 1 and len(next(iter(places.values()))) == len(kind.layouts):
        cut = next(iter(places))
        return F.substring(padded, cut.start, cut.length)  # all versions agree: no need to ask for the version
    found = F.lit(None).cast("string")
    for cut, versions in places.items():
        found = F.when(version.isin(versions), F.substring(padded, cut.start, cut.length)).otherwise(found)
    return found


def whole_number(text: Column) -> Column:
    """A number of digits; null when it is blank or anything else."""
    return F.when(text.rlike(r"^ *\d+ *$"), F.trim(text).try_cast("int"))


def header_length(kind: FileKind, version: Column) -> Column:
    """Length of the header by version; null for an unknown one."""
    return per_layout(kind, version, lambda one: one.length)


def block_length(kind: FileKind, name: str, version: Column) -> Column:
    """Length of one repeated block by version."""
    return per_layout(kind, version, lambda one: next(b.length for b in one.blocks if b.name == name))


def per_layout(kind: FileKind, version: Column, value: Callable[[Layout], int]) -> Column:
    """A number of each layout, chosen by the line's version; versions with the same number share a case."""
    numbers: dict[int, list[str]] = {}
    for one in kind.layouts.values():
        numbers.setdefault(value(one), []).append(one.version)
    found = F.lit(None).cast("int")
    for number, versions in numbers.items():
        found = F.when(version.isin(versions), number).otherwise(found)
    return found


def blocks_of(kind: FileKind, name: str, zone: Column, count: Column, version: Column) -> Column:
    """A repeated block as an array of structs of its fields (text). ``zone`` starts at the first block."""
    names = sorted({field for one in kind.layouts.values() for b in one.blocks if b.name == name for field in b.fields})
    shapes: dict[tuple[int, tuple[tuple[str, Cut], ...]], list[str]] = {}
    for one in kind.layouts.values():
        block = next(b for b in one.blocks if b.name == name)
        shapes.setdefault((block.length, tuple(block.fields.items())), []).append(one.version)
    arrays = F.lit(None)
    for (length, fields), versions in shapes.items():
        cut = cut_blocks(length, dict(fields), names, zone, count)
        arrays = cut if len(shapes) == 1 else F.when(version.isin(versions), cut).otherwise(arrays)
    return arrays


def cut_blocks(length: int, fields: dict[str, Cut], names: list[str], zone: Column, count: Column) -> Column:
    """The blocks of one layout; fields that it lacks are null, so that all versions have one shape."""

    def one(rank: Column) -> Column:
        return F.struct(
            *[
                (
                    zone.substr(rank * length + fields[name].start, F.lit(fields[name].length))
                    if name in fields
                    else F.lit(None).cast("string")
                ).alias(name)
                for name in names
            ]
        )

    ranks = F.when(count > 0, F.sequence(F.lit(0), count - 1)).otherwise(F.array().cast("array<int>"))
    return F.transform(ranks, one)
