"""A release: same content, same name; readers see one or the other; a damaged one cannot come back."""

from pathlib import Path

import duckdb
import pytest

from jobs.core.attempt import attempt_folder
from jobs.core.errors import DataRefused
from jobs.core.nights import decision_path
from jobs.core.schema import load_schema
from jobs.core.settings import Settings
from jobs.core.snapshot import DataFile, read_json, tables_to_json, write_json
from jobs.core.tables import write_small
from jobs.release.pools import candidate_pool
from jobs.release.publish import current_release, kept_releases, release
from jobs.rollback.__main__ import rollback

PERSON = load_schema("published/person")
STATE = load_schema("published/source_state")


def persons(settings: Settings, month: str, *pseudonyms: str) -> DataFile:
    rows = [{"pseudonym": name, "first_seen": month, "sex": "2", "age_years": 40} for name in pseudonyms]
    with attempt_folder(settings) as attempt:
        return write_small(rows, PERSON, candidate_pool(settings), attempt)


def judge(settings: Settings, night: str, parts: dict[str, list[DataFile]], decision: str = "publish") -> None:
    tables = {"person": parts, "source_state": {}}
    write_json(
        settings.candidate / night / "candidate.json",
        {"night": night, "tables": tables_to_json(tables) | {"source_state": {}}},
    )
    write_json(settings.candidate / night / "gate.json", {"night": night, "decision": decision})


def test_a_release_is_read_through_current_and_shares_unchanged_files(settings: Settings) -> None:
    first = persons(settings, "2026-11", "1.A", "1.B")
    judge(settings, "2026-11-22", {"2026-11": [first]})
    release(settings, "2026-11-22")
    judge(settings, "2026-11-23", {"2026-11": [first], "2026-12": [persons(settings, "2026-12", "1.C")]})
    release(settings, "2026-11-23")
    rows = duckdb.sql(f"select count(*) from '{settings.published}/current/person/*.parquet'").fetchall()
    assert rows == [(3,)]
    older, newer = (settings.published / name / "person" / "2026-11.parquet" for name in kept_releases(settings))
    assert older.stat().st_ino == newer.stat().st_ino
    assert (settings.published / "current" / "source_state" / "empty.parquet").is_file()
    assert read_json(settings.published / "current" / "release.json")["previous"] == kept_releases(settings)[0]


def test_the_same_candidate_makes_the_same_release(settings: Settings) -> None:
    judge(settings, "2026-11-22", {"2026-11": [persons(settings, "2026-11", "1.A")]})
    once = release(settings, "2026-11-22")
    text = (settings.published / once["release"] / "release.json").read_bytes()
    assert release(settings, "2026-11-22") == once
    assert (settings.published / once["release"] / "release.json").read_bytes() == text
    assert kept_releases(settings) == [once["release"]]


def test_a_refused_night_leaves_current_where_it_was(settings: Settings) -> None:
    judge(settings, "2026-11-22", {"2026-11": [persons(settings, "2026-11", "1.A")]})
    before = release(settings, "2026-11-22")["release"]
    judge(settings, "2026-11-23", {}, decision="refuse")
    with pytest.raises(DataRefused, match="refused night 2026-11-23"):
        release(settings, "2026-11-23")
    assert current_release(settings) == before
    assert not decision_path(settings, "2026-11-23").exists()


def test_rollback_restores_an_older_release_and_refuses_a_damaged_one(settings: Settings) -> None:
    for night, name in (("2026-11-22", "1.A"), ("2026-11-23", "1.B")):
        judge(settings, night, {"2026-11": [persons(settings, "2026-11", name)]})
        release(settings, night)
    older, newer = kept_releases(settings)
    rollback(settings, older)
    assert current_release(settings) == older
    damaged: Path = settings.published / newer / "person" / "2026-11.parquet"
    damaged.write_bytes(b"not what it was")
    with pytest.raises(DataRefused, match="damaged"):
        rollback(settings, newer)
    assert current_release(settings) == older
    with pytest.raises(DataRefused, match="not a kept release"):
        rollback(settings, "2026-01-01-000000000000")
