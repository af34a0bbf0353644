"""Fixed-width lines in Spark: lines to the fields and lists of their own layout.

This runs on Arrow batches in Spark's tasks; what is done to a batch is in ``fixed_width``.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame

from jobs.standardise import fixed_width as fw
from jobs.standardise.fixed_width_lines import NO_MARKS, Batches, Chosen, Marks, placed_parts, teller, texts
from jobs.standardise.layouts import FileKind, Layout


@dataclass(frozen=True)
class Shape:
    """What to cut from which kind of line.

    ``fields``: by kind, new name -> layout field. ``blocks``: by kind, new name -> (repeated block, layout field or
    fields). ``code``: shape of a whole code, for lines whose last blanks were lost.
    """

    fields: dict[str, dict[str, str]]
    blocks: dict[str, dict[str, tuple[str, tuple[str, ...]]]] = field(default_factory=dict)
    code: str = r"\S+"

    @property
    def names(self) -> list[str]:
        """All header fields, of whatever kind."""
        return sorted({name for fields in self.fields.values() for name in fields})

    @property
    def lists(self) -> dict[str, tuple[str, ...]]:
        """All repeated blocks by name, with their fields."""
        return {name: fields for blocks in self.blocks.values() for name, (_, fields) in sorted(blocks.items())}


def read_lines(
    packs: DataFrame,
    kinds: dict[str, FileKind],
    shape: Shape,
    *,
    several_parts: bool,
    marks: Marks = NO_MARKS,
    chosen: Chosen | None = None,
) -> DataFrame:
    """Lines of raw parts with every field and list of the shape, their marks, ``about``, and what is wrong with them.

    ``unreadable`` is one of packed, endless, converted, unknown, left_out, known_version, unknown_version, short,
    counter, length, and ``unreadable_at`` where; such a line has no fields but those of its header. ``chosen``: the
    lines that are wanted, when not all are. The lines stay in the task's Python and go to the JVM once.
    """
    types = {name: one for name, one in marks.told.items() if name != "fault"}
    tell, cut = teller(kinds, marks, chosen), cutter(kinds, shape, list(types))
    made = ", ".join([*[f"{name} {one}" for name, one in types.items()], *made_columns(shape)])
    parts = placed_parts(packs, several_parts=several_parts, given=marks.given)
    return parts.mapInArrow(lambda batches: cut(tell(batches)), made)


def made_columns(shape: Shape) -> list[str]:
    """Names and Spark types of what cutting adds to a line."""
    lists = [f"{name} {list_type(fields)}" for name, fields in shape.lists.items()]
    return ["unreadable string", "unreadable_at string", *[f"{name} string" for name in shape.names], *lists]


def list_type(fields: tuple[str, ...]) -> str:
    """Spark's type of a repeated block."""
    if len(fields) == 1:
        return "array<string>"
    return "array<struct<" + ", ".join(f"{name}: string" for name in fields) + ">>"


def cutter(kinds: dict[str, FileKind], shape: Shape, kept: list[str]) -> Callable[[Batches], Batches]:
    """Lines to fields."""

    def cut(batches: Batches) -> Batches:
        for batch in batches:
            table = pa.Table.from_batches([batch])
            names = pc.binary_join_element_wise(table["kind"], pc.coalesce(table["version"], ""), "\x1f")
            for name in pc.unique(names).to_pylist():
                rows = table.filter(pc.equal(names, name)).combine_chunks()
                kind, version = name.split("\x1f")
                columns = cut_group(rows, kinds.get(kind), version, shape)
                yield from (
                    pa.table([*[rows[one] for one in kept], *columns.values()], names=[*kept, *columns])
                    .combine_chunks()
                    .to_batches()
                )

    return cut


def cut_group(rows: pa.Table, kind: FileKind | None, version: str, shape: Shape) -> dict[str, pa.Array]:
    """The columns of lines of one kind and version."""
    lines = fw.windows_text(rows["line"].combine_chunks())
    fault = rows["fault"].combine_chunks()
    layout = kind.layouts.get(version) if kind and kind.read else None
    if kind is None or layout is None:
        reason, place = no_layout(kind, version)
        return blank(shape, pc.coalesce(fault, texts(reason, len(rows))), texts(place, len(rows)))
    found = fw.block_counts(lines, layout)
    counts = {name: np.where(bad, 0, value) for name, (value, bad) in found.items()}
    why, at = np.full((2, len(rows)), None, dtype=object)
    why[length_faults(lines, layout, counts, shape.code)] = "length"
    for name, (_, bad) in reversed(found.items()):
        why[bad], at[bad] = "counter", name
    short = content_length(lines) < kind.min_length
    why[short], at[short] = "short", None
    told = pc.coalesce(fault, pa.array(why, pa.string()))
    header = fw.header_fields(lines, layout, shape.fields[kind.kind])
    sane = np.array([reason is None for reason in why], dtype=bool)
    lists = lists_of(lines, layout, counts, sane, shape.blocks.get(kind.kind, {}))
    return blank(shape, told, pa.array(at, pa.string())) | header | lists


def length_faults(lines: pa.StringArray, layout: Layout, counts: dict[str, fw.Ints], code: str) -> fw.Flags:
    """Lines whose length is not the one that their counters announce, but for blanks lost at the end."""
    off = fw.too_many(lines, layout, counts)
    for place in np.flatnonzero(off < 0):
        here = {name: int(values[place]) for name, values in counts.items()}
        if -off[place] <= fw.forgiven(lines[int(place)].as_py(), layout, here, code):
            off[place] = 0
    return off != 0


def content_length(lines: pa.StringArray) -> fw.Ints:
    """Characters up to the last that is no blank."""
    found: fw.Ints = pc.utf8_length(pc.utf8_rtrim(lines, " ")).to_numpy(zero_copy_only=False)
    return found


def no_layout(kind: FileKind | None, version: str) -> tuple[str, str | None]:
    """Why lines of a kind and version are not read, and where they say so."""
    if kind is None:
        return "unknown", None
    if not kind.read:
        return "left_out", kind.file
    return (
        ("known_version", f"version {version}")
        if version in kind.known_without_layout
        else ("unknown_version", "version")
    )


def blank(shape: Shape, why: pa.Array, at: pa.Array) -> dict[str, pa.Array]:
    """Columns of lines of which nothing is read."""
    none = {name: pa.nulls(len(why), pa.string()) for name in shape.names}
    lists = {name: pa.nulls(len(why), arrow_list(fields)) for name, fields in shape.lists.items()}
    return {"unreadable": why, "unreadable_at": at, **none, **lists}


def arrow_list(fields: tuple[str, ...]) -> pa.DataType:
    """Arrow's type of a repeated block."""
    one = pa.string() if len(fields) == 1 else pa.struct([(name, pa.string()) for name in fields])
    return pa.list_(one)


def lists_of(
    lines: pa.StringArray,
    layout: Layout,
    counts: dict[str, fw.Ints],
    sane: fw.Flags,
    wanted: dict[str, tuple[str, tuple[str, ...]]],
) -> dict[str, pa.Array]:
    """The repeated blocks of lines; empty for lines that lie about their length."""
    zone, found = pc.utf8_slice_codeunits(lines, layout.length, None), {}
    begin = np.zeros(len(lines), dtype=np.int64)
    place = {block.name: block for block in layout.blocks}
    starts: dict[str, fw.Ints] = {}
    for block in layout.blocks:
        starts[block.name] = begin
        begin = begin + counts[block.name] * block.length
    for name, (block_name, fields) in wanted.items():
        block = place[block_name]
        cuts = {one: block.fields[one] for one in fields}
        own = np.where(sane, counts[block_name], 0)
        found[name] = fw.blocks_of(from_place(zone, starts[block_name]), own, block.length, cuts)
    return found


def from_place(zone: pa.StringArray, starts: fw.Ints) -> pa.StringArray:
    """Each text from its own place on."""
    groups = [(int(start), np.flatnonzero(starts == start)) for start in np.unique(starts)]
    pieces = [pc.utf8_slice_codeunits(zone.take(pa.array(rows)), start, None) for start, rows in groups]
    order = np.argsort(np.concatenate([rows for _, rows in groups]))
    return pa.concat_arrays(pieces).take(pa.array(order))
