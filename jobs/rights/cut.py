"""Files without the rows of a person. What stays is byte for byte what the stage would have written without them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jobs.core.attempt import new_name
from jobs.core.parquet import ROW_GROUP, open_writer, regrouped
from jobs.core.snapshot import DataFile, Pool

Values = frozenset[str]
Columns = tuple[str, ...]
SEPARATOR = "\x1f"


@dataclass(frozen=True)
class Marks:
    """What betrays a person in a table.

    ``rows``: by columns, joined by a separator where there are several; a row with one of these values goes. Of
    several entries the first whose columns a table has decides, so that a stay that was given to somebody else by
    mistake does not take that person along. ``ends``: a row with such a value goes too; it ties the person to another.
    ``cells``: such a value is emptied; the row is somebody else's.
    """

    rows: Mapping[Columns, Values] = field(default_factory=dict)
    cells: Mapping[str, Values] = field(default_factory=dict)
    ends: Mapping[str, Values] = field(default_factory=dict)

    def of(self, names: list[str]) -> tuple[list[Columns], list[str]]:
        """The columns that decide on rows, and those whose cells may be emptied, of a table with these columns."""
        decides = next(([one] for one in self.rows if set(one) <= set(names)), [])
        return [*decides, *[(one,) for one in self.ends if one in names]], [one for one in self.cells if one in names]

    def values(self, columns: Columns) -> Values:
        """What a row that goes has in these columns."""
        return self.rows[columns] if columns in self.rows else self.ends[columns[0]]


@dataclass(frozen=True)
class Cut:
    """One file and what took its place: nothing when no row is left. ``rows`` went, ``cells`` were emptied."""

    before: str
    after: DataFile | None
    rows: int
    cells: int


def cut_file(path: Path, marks: Marks, pool: Pool, attempt: Path) -> Cut | None:
    """The file without the person's rows, adopted by a pool; None when there are none. Streams row groups."""
    with pq.ParquetFile(path) as source:
        schema = source.schema_arrow
        decides, cells = marks.of(schema.names)
        wanted = sorted({name for columns in decides for name in columns} | set(cells))
        batches = source.iter_batches(columns=wanted) if wanted else ()
        found = [touched(batch, decides, cells, marks) for batch in batches]
        rows, emptied = sum(one[0] for one in found), sum(one[1] for one in found)
        if not rows and not emptied:
            return None
        if rows == source.metadata.num_rows:
            return Cut(path.stem, None, rows, 0)
        target = attempt / new_name("cut")
        with open_writer(target, schema) as writer:
            for group in regrouped(schema, (without(batch, decides, cells, marks) for batch in source.iter_batches())):
                writer.write_table(group, row_group_size=ROW_GROUP)
    return Cut(path.stem, pool.adopt(target), rows, emptied)


def touched(batch: pa.RecordBatch, decides: list[Columns], cells: list[str], marks: Marks) -> tuple[int, int]:
    """Rows of a batch that go, and cells of the other rows that are emptied."""
    rows = count(gone(batch, decides, marks)) if decides else 0
    rest = batch.filter(pc.invert(gone(batch, decides, marks))) if rows else batch
    return rows, sum(count(is_in(rest, (name,), marks.cells[name])) for name in cells)


def gone(batch: pa.RecordBatch, decides: list[Columns], marks: Marks) -> pa.BooleanArray:
    """Which rows go: those that any of the deciding columns betrays."""
    return reduce(pc.or_, [is_in(batch, columns, marks.values(columns)) for columns in decides])


def count(chosen: pa.BooleanArray) -> int:
    """How many are true."""
    return int(pc.sum(chosen).as_py() or 0)


def is_in(batch: pa.RecordBatch, columns: Columns, values: Values) -> pa.BooleanArray:
    """Which rows have one of some values; never null."""
    arrays = [batch.column(batch.schema.get_field_index(name)) for name in columns]
    told = arrays[0] if len(arrays) == 1 else pc.binary_join_element_wise(*arrays, SEPARATOR)
    return pc.is_in(told, value_set=pa.array(sorted(values), pa.string()))


def without(batch: pa.RecordBatch, decides: list[Columns], cells: list[str], marks: Marks) -> pa.RecordBatch:
    """A batch without the person's rows and cells."""
    if decides:
        batch = batch.filter(pc.invert(gone(batch, decides, marks)))
    for name in cells:
        place = batch.schema.get_field_index(name)
        column = batch.column(place)
        empty = pc.if_else(is_in(batch, (name,), marks.cells[name]), pa.scalar(None, column.type), column)
        batch = batch.set_column(place, batch.schema.field(place), empty)
    return batch
