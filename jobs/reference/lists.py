"""Code lists as tables. A list is embedded (``schemas/codes``) or loaded by release (``<root>/reference/<list>``).

A code once seen stays known: a release that no longer names it does not remove it, since a product withdrawn today was
sold last year. Of several releases the newest gives the label. Reference data hold no identity.
"""

import csv
import json
from functools import cache
from pathlib import Path

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from jobs.core.errors import ConfigError
from jobs.core.schema import load_schema
from jobs.core.settings import REPOSITORY, Settings

EMBEDDED = REPOSITORY / "schemas" / "codes"
COLUMNS = ("code", "label_fr", "label_en", "valid_on", "source")
Row = dict[str, str | None]


def codes(spark: SparkSession, settings: Settings, name: str) -> DataFrame:
    """A code list as a small frame of text columns ``code, label_fr, valid_on, source``, one row per code.

    Raises ConfigError when there is no list of that name.
    """
    rows = sorted(merged(settings, name).items())
    data = [(code, row["label_fr"], row["valid_on"], row["source"]) for code, row in rows]
    columns = [pa.array(column, pa.string()) for column in zip(*data, strict=True)]
    # Through Arrow: a list of twenty thousand Python rows would be pickled into the plan.
    return spark.createDataFrame(pa.table(columns, names=["code", "label_fr", "valid_on", "source"]))


def labels(settings: Settings | None = None) -> pa.Table:
    """Every code of every list in the shape of ``published/code_label``; with settings also what was loaded there."""
    schema = load_schema("published/code_label")
    rows: list[Row] = [
        {"list": name, **row} for name in list_names(settings) for code, row in sorted(merged(settings, name).items())
    ]
    return pa.Table.from_pylist(rows, schema=schema.arrow)


def list_names(settings: Settings | None) -> list[str]:
    """Names of all lists."""
    return sorted(set(embedded_index()) | set(loaded_lists(settings)))


def loaded_lists(settings: Settings | None) -> dict[str, list[Path]]:
    """Releases that a loader wrote, oldest first, by list."""
    found: dict[str, list[Path]] = {}
    if settings is not None:
        for path in sorted((settings.root / "reference").glob("*/*.csv")):
            found.setdefault(path.parent.name, []).append(path)
    return found


def merged(settings: Settings | None, name: str) -> dict[str, Row]:
    """One row per code: of the newest release that names it, with the newest label there is."""
    releases = [embedded(name)] if name in embedded_index() else []
    releases += [read_release(path) for path in loaded_lists(settings).get(name, [])]
    if not releases:
        raise ConfigError(f"There is no code list {name!r} in schemas/codes.")
    found: dict[str, Row] = {}
    for release in sorted(releases, key=lambda rows: max((row["valid_on"] or "" for row in rows), default="")):
        for row in release:
            code = row["code"]
            assert code is not None
            before = found.get(code, {})
            found[code] = row | {key: row[key] or before.get(key) for key in ("label_fr", "label_en")}
    return found


@cache
def embedded_index() -> dict[str, dict[str, str]]:
    """What ``schemas/codes/index.json`` says of each embedded list."""
    value: dict[str, dict[str, str]] = json.loads((EMBEDDED / "index.json").read_text(encoding="utf-8"))
    return value


@cache
def embedded(name: str) -> tuple[Row, ...]:
    """The rows of an embedded list."""
    about = embedded_index()[name]
    return tuple(read_rows(EMBEDDED / f"{name}.csv", about["valid_on"], about["source"]))


def read_release(path: Path) -> tuple[Row, ...]:
    """The rows of a loaded release; its first line says what it is."""
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return tuple({key: row.get(key) or None for key in COLUMNS} for row in rows)


def read_rows(path: Path, valid_on: str, source: str) -> list[Row]:
    """The rows of a list that has one date and one source."""
    with path.open(encoding="utf-8", newline="") as stream:
        return [
            {
                "code": row["code"],
                "label_fr": row.get("label_fr") or None,
                "label_en": row.get("label_en") or None,
                "valid_on": valid_on,
                "source": source,
            }
            for row in csv.DictReader(stream)
        ]
