"""One declaration per table (``schemas/<zone>/<table>.json``); Spark and Arrow types are derived from it here."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import types as T

from jobs.core.errors import JobError
from jobs.core.settings import REPOSITORY

SCHEMAS = REPOSITORY / "schemas"
PRIVACY = ("direct", "quasi", "none", "subject", "token", "person", "pseudonym")


class SchemaMismatch(JobError):
    """A table is not what its declaration says. Names columns and types, never values."""


@dataclass(frozen=True)
class Field:
    """One column: its declared type and what may be done with it."""

    name: str
    type: str
    title: str
    description: str
    required: bool
    binary: bool
    constraints: dict[str, Any] = field(hash=False)
    veillee: dict[str, Any] = field(hash=False)

    @property
    def privacy(self) -> str:
        """``direct`` never leaves the identity zones; ``quasi`` is published only generalised as declared."""
        return str(self.veillee["privacy"])

    @property
    def spark(self) -> T.DataType:
        """The Spark type."""
        if self.type == "number":
            return T.DecimalType(*self.veillee["decimal"])
        if self.binary:
            return T.BinaryType()
        return SPARK_TYPES[self.type]

    @property
    def arrow(self) -> pa.DataType:
        """The Arrow type."""
        if self.type == "number":
            return pa.decimal128(*self.veillee["decimal"])
        if self.binary:
            return pa.binary()
        return ARROW_TYPES[self.type]


SPARK_TYPES: dict[str, T.DataType] = {
    "string": T.StringType(),
    "integer": T.LongType(),
    "date": T.DateType(),
    "datetime": T.TimestampType(),
    "boolean": T.BooleanType(),
}
ARROW_TYPES: dict[str, pa.DataType] = {
    "string": pa.string(),
    "integer": pa.int64(),
    "date": pa.date32(),
    "datetime": pa.timestamp("us", tz="UTC"),
    "boolean": pa.bool_(),
}


@dataclass(frozen=True)
class TableSchema:
    """A declared table."""

    name: str
    zone: str
    title: str
    description: str
    fields: tuple[Field, ...]
    primary_key: tuple[str, ...]
    partition: tuple[str, ...]
    sort: tuple[str, ...]
    veillee: dict[str, Any] = field(hash=False)

    @property
    def names(self) -> list[str]:
        """Column names in declared order."""
        return [item.name for item in self.fields]

    @cached_property
    def spark(self) -> T.StructType:
        """The Spark schema; every column nullable, since ``required`` is a rule and not a promise of the reader."""
        return T.StructType([T.StructField(item.name, item.spark, True) for item in self.fields])

    @cached_property
    def arrow(self) -> pa.Schema:
        """The Arrow schema."""
        return pa.schema([pa.field(item.name, item.arrow) for item in self.fields])

    @property
    def order(self) -> list[str]:
        """A total order: the declared sort columns, then every other column."""
        return list(self.sort) + [name for name in self.names if name not in self.sort]

    def select(self, frame: DataFrame) -> DataFrame:
        """The declared columns in declared order. Raises SchemaMismatch on a missing column or another type."""
        found = {item.name: item.dataType for item in frame.schema.fields}
        wrong = [
            f"{item.name} ({found[item.name].simpleString() if item.name in found else 'missing'}, "
            f"declared {item.spark.simpleString()})"
            for item in self.fields
            if found.get(item.name) != item.spark
        ]
        if wrong:
            raise SchemaMismatch(f"{self.zone}/{self.name} is not as declared: {', '.join(wrong)}.")
        return frame.select(*self.names)

    def __getitem__(self, name: str) -> Field:
        return next(item for item in self.fields if item.name == name)


def parse_schema(value: dict[str, Any]) -> TableSchema:
    """A table from its declaration. Raises SchemaMismatch when a field's privacy class is unknown or forbidden."""
    own = value["veillee"]
    fields = tuple(
        Field(
            name=item["name"],
            type=item["type"],
            title=item["title"],
            description=item["description"],
            required=bool(item.get("constraints", {}).get("required")),
            binary=item.get("format") == "binary",
            constraints=item.get("constraints", {}),
            veillee=item["veillee"],
        )
        for item in value["fields"]
    )
    for item in fields:
        if item.privacy not in PRIVACY:
            raise SchemaMismatch(f"{value['name']}.{item.name} has the unknown privacy class {item.privacy!r}.")
        if own["zone"] in ("published", "candidate") and item.privacy in ("direct", "subject", "person"):
            raise SchemaMismatch(f"{value['name']}.{item.name} is {item.privacy}: it cannot be published.")
        if own["zone"] == "published" and item.type == "datetime":
            raise SchemaMismatch(f"{value['name']}.{item.name} is an instant: no more than the day is published.")
    return TableSchema(
        name=value["name"],
        zone=own["zone"],
        title=value["title"],
        description=value["description"],
        fields=fields,
        primary_key=tuple(value["primaryKey"]),
        partition=tuple(own["partition"]),
        sort=tuple(own["sort"]),
        veillee=own,
    )


@cache
def load_schema(name: str) -> TableSchema:
    """The table declared in ``schemas/<name>.json``, for example ``standard/hospital_stay``."""
    return parse_schema(json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8")))


def source_of(table: str) -> str:
    """The source that a standard table comes from, as its declaration says."""
    return str(load_schema(f"standard/{table}").veillee["source"])


def schemas_of(zone: str) -> Iterator[TableSchema]:
    """All tables declared for a zone, by name."""
    for path in sorted(Path(SCHEMAS / zone).glob("*.json")):
        yield load_schema(f"{zone}/{path.stem}")
