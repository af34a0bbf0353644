"""Which months of which tables must be made again: those whose inputs are not the base's."""

import hashlib
import json
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from jobs.core.schema import TableSchema, schemas_of
from jobs.core.settings import Settings
from jobs.core.snapshot import DataFile, Partitions, canonical_json
from jobs.rights.withheld import Withheld, withheld_months

# Raise it when pseudonymisation itself changes what it writes, so that every month is made again.
METHOD = "2"  # 2: departments of few inhabitants under the code of their zone


class Month(NamedTuple):
    """A month with withheld rows: its fingerprint without regard to rights, a mark of whose they are, their number."""

    plain: str
    mark: str
    rows: int

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the month without the withheld rows."""
        return hashlib.sha256(f"{self.plain} {self.mark}".encode()).hexdigest()


@dataclass(frozen=True)
class Plan:
    """One published table of a night: its standard files by care month, and the fingerprint of each month.

    ``beside`` are the files of the second standard table that a derived one needs; ``withheld`` the months that hold
    rows of opposed persons, whose fingerprints say whose.
    """

    schema: TableSchema
    files: Partitions
    fingerprints: dict[str, str]
    beside: Partitions = field(default_factory=dict)
    withheld: dict[str, Month] = field(default_factory=dict)

    @property
    def personal(self) -> bool:
        """Whether its rows are about persons that linkage knows."""
        return "pseudonym" in self.schema.names

    @property
    def shows_persons(self) -> bool:
        """Whether its rows bring persons into the release; a derived table holds no other persons than its origin."""
        return self.personal and not self.schema.veillee.get("derive")

    def of(self, months: list[str]) -> tuple[list[DataFile], list[DataFile]]:
        """The files of some months, and those beside them."""
        own = [file for month in months for file in self.files[month]]
        return own, [file for month in months for file in self.beside.get(month, [])]

    def changed(self, base: dict[str, str]) -> list[str]:
        """Months whose fingerprint is not the base's."""
        return [month for month, mark in sorted(self.fingerprints.items()) if base.get(month) != mark]


def withholding(
    settings: Settings, one: Plan, withheld: Withheld, base: dict[str, str], known: dict[str, list[Any]], again: bool
) -> Plan:
    """The plan with the months that hold withheld rows. ``known``: what the base knew of them, by month.

    A month that is as it was in the base is not opened, unless somebody is opposed ``again`` who was published before.
    """
    table, found, unread = one.schema.veillee["standard"], {}, {}
    for month, plain in one.fingerprints.items():
        if again or (month not in known and base.get(month) != plain) or (month in known and known[month][0] != plain):
            unread[month] = one.files[month]
        elif month in known:
            found[month] = Month(*known[month])
    for month, (mark, rows) in withheld_months(settings, table, unread, withheld).items():
        found[month] = Month(one.fingerprints[month], mark, rows)
    marks = {month: told.fingerprint for month, told in found.items()}
    return replace(one, fingerprints=one.fingerprints | marks, withheld=dict(sorted(found.items())))


def care_tables() -> list[TableSchema]:
    """Published tables that are made from a standard table."""
    return [schema for schema in schemas_of("published") if schema.veillee.get("standard")]


def plan(schema: TableSchema, states: dict[str, dict[str, Any]], key_mark: str) -> Plan:
    """The standard files of a table by month, over all producers of all states."""
    files = by_month(schema.veillee["standard"], states)
    beside = by_month(schema.veillee["beside"], states) if "beside" in schema.veillee else {}
    months = sorted({*files, *beside})
    marks = {one: fingerprint(schema, files.get(one, []), beside.get(one, []), key_mark) for one in months}
    return Plan(schema, {one: files.get(one, []) for one in months}, marks, beside)


def by_month(table: str, states: dict[str, dict[str, Any]]) -> Partitions:
    """The files of a standard table by care month."""
    months: Partitions = {}
    for state in states.values():
        for partition, files in state["tables"].get(table, {}).items():
            month = partition.rsplit("__", 1)[1]
            months.setdefault(month, []).extend(DataFile.from_json(file) for file in files)
    return {month: sorted(files) for month, files in sorted(months.items()) if files}


def fingerprint(schema: TableSchema, files: list[DataFile], beside: list[DataFile], key_mark: str) -> str:
    """Everything that decides a month's published bytes: files, declaration, key and method.

    The crosswalk is not among them: whom a merge or a split moves is found by subject (``moved``).
    """
    shape = [[item.name, item.type, item.veillee] for item in schema.fields]
    value = {
        "files": [file.sha256 for file in files],
        "beside": [file.sha256 for file in beside],
        "shape": json.loads(json.dumps([shape, schema.sort, schema.partition])),
        "key": key_mark,
        "method": METHOD,
    }
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()
