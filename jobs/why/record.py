"""From what a person at a desk has (a producer's own number) to the subject that a source made of it."""

import re
from collections.abc import Iterable

from jobs.core.cli import SOURCES
from jobs.core.errors import ConfigError, DataRefused
from jobs.core.keys import key_bytes, versions
from jobs.core.nights import closed_nights, state_path
from jobs.core.schema import load_schema
from jobs.core.settings import Settings
from jobs.core.snapshot import files_of, read_json, tables_from_json
from jobs.core.tokens import text_hex
from jobs.link.change import by_person
from jobs.link.walk import published_walk
from jobs.rights.register import stay_token, subjects_of
from jobs.rights.request import Identifier
from jobs.rights.resolve import lines, stay_files
from jobs.standardise.pools import standard_pool

SUBJECT = re.compile(r"[0-9a-f]{32}")
FORM = "a subject (32 hex characters) or source:producer:number, with the hospital's patient or stay number, the "
FORM += "pharmacy's ticket number, or the record's root^number"


def subject_of(settings: Settings, record: str) -> str:
    """The one subject that a record is about, as the newest published night knows it.

    Raises DataRefused (LNK-051) when none is known; the message does not repeat the number. Raises ConfigError
    (LNK-055) when the identity zone cannot be read, or the collector's key is not here.
    """
    require_readable(settings)
    walk = published_walk(settings)
    candidates = [record] if SUBJECT.fullmatch(record) else sorted(set(from_number(settings, *parts(record))))
    known = by_person(settings, set(candidates), walk) if candidates else {}
    found = [one for one in candidates if one in known]
    if not found:
        raise DataRefused(
            "LNK-051: no subject of the newest published night is known by this. It may be mistyped, held, erased, or "
            f"newer than that night. Give {FORM}."
        )
    return found[0]


def require_readable(settings: Settings) -> None:
    """Raise ConfigError unless whoever asks may read the identity zone: the answer lies there and nowhere else."""
    try:
        next(iter((settings.identity / "pool").iterdir()), None)
    except OSError:
        raise ConfigError(
            "LNK-055: the identity zone cannot be read by this account; ask whoever holds it, or run a night first."
        ) from None


def parts(record: str) -> tuple[str, str, str]:
    """Source, producer and local number. Raises DataRefused naming the form."""
    found = record.split(":", 2)
    if len(found) != 3 or found[0] not in SOURCES or not all(found):
        raise DataRefused(f"LNK-051: this is no record; give {FORM}.")
    return found[0], found[1], found[2]


def from_number(settings: Settings, source: str, producer: str, number: str) -> Iterable[str]:
    """The subjects that a producer's own number can have made."""
    if not versions(settings, "collector"):
        raise ConfigError(
            "LNK-055: the collector's key is not here; give the subject itself, or ask who holds the key."
        )
    key = key_bytes(settings, "collector")
    if source == "pharmacy":
        return of_rows(settings, source, "dispensation", "ticket_id", text_hex(key, "ticket", producer, number))
    if source == "shared_record":
        system, _, value = number.rpartition("^")
        return subjects_of(key, Identifier("patient", value, source=source, producer=producer, system=system))
    patient = Identifier("patient", number, source=source, producer=producer, system="")
    stay = Identifier("stay", number, source=source, producer=producer, system="")
    told = [one for one, _ in lines(stay_files(settings)[1], frozenset({stay_token(key, stay)}), "stay_id")]
    return [*subjects_of(key, patient), *subjects_of(key, stay), *told]


def of_rows(settings: Settings, source: str, table: str, column: str, token: str) -> list[str]:
    """Subjects of the rows of a standard table, as its newest state names it, that have a token."""
    import duckdb

    nights = closed_nights(settings, source)
    tables = tables_from_json(read_json(state_path(settings, source, nights[-1]))["tables"]) if nights else {}
    files = [str(standard_pool(settings, source).path(file)) for file in files_of(tables.get(table, {}))]
    if not files or column not in load_schema(f"standard/{table}").names:
        return []
    with duckdb.connect() as engine:
        query = f"SELECT DISTINCT subject_id FROM read_parquet(?) WHERE {column} = ?"  # noqa: S608
        return [row[0] for row in engine.execute(query, [files, token]).fetchall()]
