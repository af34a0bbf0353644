"""Code lists as tables. A list is embedded (``schemas/codes``) or loaded by release (``<root>/reference/<list>``).

A code once seen stays known: a release that no longer names it does not remove it, since a product withdrawn today was
sold last year. Of several releases the newest gives the label. Reference data hold no identity.
"""

import csv
from functools import cache
from pathlib import Path

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from jobs.core.errors import ConfigError
from jobs.core.schema import load_schema
from jobs.core.settings import Settings
from jobs.reference.declared import EMBEDDED, LABELS, declared_lists

COLUMNS = ("code", *LABELS, "valid_on", "source")
Row = dict[str, str | None]
Rows = tuple[Row, ...]


def codes(spark: SparkSession, settings: Settings, name: str) -> DataFrame:
    """A code list as a small frame of text columns ``code, label_fr, valid_on, source``, one row per code.

    Raises ConfigError when there is no list of that name.
    """
    rows = [row for _, row in sorted(merged(settings, name).items())]
    columns = ("code", "label_fr", "valid_on", "source")
    # Through Arrow: a list of twenty thousand Python rows would be pickled into the plan.
    return spark.createDataFrame(
        pa.table({column: pa.array([row[column] for row in rows], pa.string()) for column in columns})
    )


def labels(settings: Settings | None = None) -> pa.Table:
    """Every code of every published list, as ``published/code_label``; with settings also what was loaded there."""
    schema = load_schema("published/code_label")
    rows: list[Row] = [
        {"list": name, **row}
        for name in list_names(settings)
        if name not in declared_lists() or declared_lists()[name].published
        for code, row in sorted(merged(settings, name).items())
    ]
    return pa.Table.from_pylist(rows, schema=schema.arrow)


def list_names(settings: Settings | None) -> list[str]:
    """Names of all lists."""
    return sorted(set(declared_lists()) | set(loaded_lists(settings)))


def loaded_lists(settings: Settings | None) -> dict[str, list[Path]]:
    """Releases that a loader wrote, oldest first, by list."""
    found: dict[str, list[Path]] = {}
    if settings is not None:
        for path in sorted((settings.root / "reference").glob("*/*.csv")):
            found.setdefault(path.parent.name, []).append(path)
    return found


def releases(settings: Settings | None, name: str) -> list[Rows]:
    """The releases of a list, oldest first, the embedded one among them. Raises ConfigError for a list unheard of."""
    about = declared_lists().get(name)
    found = [embedded(name)] if about and about.embedded else []
    found += [read_release(path) for path in loaded_lists(settings).get(name, [])]
    if about is None and not found:
        raise ConfigError(f"There is no code list {name!r} in schemas/codes.")
    return sorted(found, key=lambda rows: max((row["valid_on"] or "" for row in rows), default=""))


def merged(settings: Settings | None, name: str) -> dict[str, Row]:
    """One row per code: of the newest release that names it, with the newest label there is."""
    found: dict[str, Row] = {}
    for release in releases(settings, name):
        for row in release:
            code = row["code"]
            assert code is not None
            before = found.get(code, {})
            found[code] = row | {key: row[key] or before.get(key) for key in LABELS}
    return found


@cache
def embedded(name: str) -> Rows:
    """The rows of an embedded list, with the date and the source that the index gives them."""
    about = declared_lists()[name]
    return read_rows(EMBEDDED / f"{name}.csv", {"valid_on": about.valid_on, "source": about.source})


def read_release(path: Path) -> Rows:
    """The rows of a loaded release; each says its date and source."""
    return read_rows(path, {})


def read_rows(path: Path, told: Row) -> Rows:
    """The rows of a list as written by this project or one of its loaders; empty text is null."""
    with path.open(encoding="utf-8", newline="") as stream:
        return tuple(
            {**dict.fromkeys(COLUMNS), **{key: value or None for key, value in row.items()}, **told}
            for row in csv.DictReader(stream)
        )
