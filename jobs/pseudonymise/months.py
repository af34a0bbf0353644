"""Which months of which tables must be made again: those whose inputs are not the base's."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from jobs.core.schema import TableSchema, load_schema, schemas_of
from jobs.core.snapshot import DataFile, Partitions, canonical_json

# Raise it when pseudonymisation itself changes what it writes, so that every month is made again.
METHOD = "1"


@dataclass(frozen=True)
class Plan:
    """One published table of a night: its standard files by care month, and the fingerprint of each month."""

    schema: TableSchema
    files: Partitions
    fingerprints: dict[str, str]

    @property
    def personal(self) -> bool:
        """Whether its rows are about persons: its standard table knows the subject of each."""
        return "subject_id" in load_schema(f"standard/{self.schema.veillee['standard']}").names

    def changed(self, base: dict[str, str]) -> list[str]:
        """Months whose fingerprint is not the base's."""
        return [month for month, mark in sorted(self.fingerprints.items()) if base.get(month) != mark]


def care_tables() -> list[TableSchema]:
    """Published tables that are made from a standard table."""
    return [schema for schema in schemas_of("published") if schema.veillee.get("standard")]


def plan(schema: TableSchema, states: dict[str, dict[str, Any]], key_mark: str) -> Plan:
    """The standard files of a table by month, over all producers of all states."""
    months: Partitions = {}
    for state in states.values():
        for partition, files in state["tables"].get(schema.veillee["standard"], {}).items():
            month = partition.rsplit("__", 1)[1]
            months.setdefault(month, []).extend(DataFile.from_json(file) for file in files)
    ordered = {month: sorted(files) for month, files in sorted(months.items()) if files}
    return Plan(schema, ordered, {month: fingerprint(schema, files, key_mark) for month, files in ordered.items()})


def fingerprint(schema: TableSchema, files: list[DataFile], key_mark: str) -> str:
    """Everything that decides a month's published bytes: files, declaration, key and method.

    The crosswalk is not among them: a subject's person never changes once published.
    """
    shape = [[item.name, item.type, item.veillee] for item in schema.fields]
    value = {
        "files": [file.sha256 for file in files],
        "shape": json.loads(json.dumps([shape, schema.sort, schema.partition])),
        "key": key_mark,
        "method": METHOD,
    }
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()
