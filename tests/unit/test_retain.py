"""Retention removes what is past its time, and nothing that anything kept still names."""

import hashlib
import os
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from jobs.core.attempt import attempt_folder, lock
from jobs.core.nights import decision_path, state_path
from jobs.core.schema import load_schema
from jobs.core.settings import Settings
from jobs.core.snapshot import DataFile, Pool, read_json, tables_to_json, write_json
from jobs.core.tables import write_small
from jobs.pull.stage import staging_folder
from jobs.release.pools import candidate_pool
from jobs.release.publish import current_release, kept_releases, release
from jobs.retain.__main__ import main
from jobs.retain.run import retain
from jobs.rollback.__main__ import verify

NIGHTS = [(date(2026, 11, 1) + timedelta(days=number)).isoformat() for number in range(8)]
LAST = NIGHTS[-1]


@pytest.fixture
def root(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Eight published nights of a policy that keeps three releases, four states and five days of raw bytes."""
    policy = (settings.repo / "config" / "policy.toml").read_text()
    for key, old, new in (
        ("raw", 90, 5), ("quarantine", 365, 5), ("releases_kept", 14, 3), ("nights_kept_in_standard", 30, 4)
    ):  # fmt: skip
        assert f"{key} = {old}" in policy
        policy = policy.replace(f"{key} = {old}", f"{key} = {new}")
    (settings.root / "policy.toml").write_text(policy)
    monkeypatch.setenv("VEILLEE_POLICY", str(settings.root / "policy.toml"))
    for night in NIGHTS:
        publish(settings, night)
    return settings


def file_of(settings: Settings, pool: Pool, text: str) -> DataFile:
    rows = [{"pseudonym": text, "first_seen": text, "sex": "2", "age_years": 40}]
    with attempt_folder(settings) as attempt:
        return write_small(rows, load_schema("published/person"), pool, attempt)


def publish(settings: Settings, night: str) -> None:
    """One night as the stages leave it: one file that is this night's, one that all nights share."""
    own = [file_of(settings, candidate_pool(settings), f"1.{night}")]
    tables = {"person": {"2026-11": own, "2026-10": [file_of(settings, candidate_pool(settings), "1.SHARED")]}}
    write_json(settings.candidate / night / "candidate.json", {"night": night, "tables": tables_to_json(tables)})
    write_json(settings.candidate / night / "gate.json", {"night": night, "decision": "publish"})
    for zone, name in (("identity", "index"), ("crosswalk", "crosswalk")):
        file = file_of(settings, Pool(settings.root / zone / "pool"), f"{zone}{night}")
        write_json(settings.root / zone / night / f"{name}.json", {"files": [file.to_json()]})
    state = file_of(settings, Pool(settings.standard / "pharmacy" / "pool"), f"standard{night}")
    write_json(state_path(settings, "pharmacy", night), {"status": "complete", "files": [state.to_json()]})
    rejected = file_of(settings, Pool(settings.quarantine / "pool"), f"quarantine{night}")
    write_json(settings.quarantine / "pharmacy" / f"{night}.json", {"files": [rejected.to_json()]})
    write_json(settings.raw / "pharmacy" / night / "pull.json", {"packs": []})
    staging_folder(settings, "pharmacy", night).mkdir(parents=True)
    release(settings, night)


def names(folder: Path) -> list[str]:
    return sorted(path.name.removesuffix(".json") for path in folder.iterdir() if path.name != "pool")


def everything(settings: Settings) -> dict[str, str]:
    return {
        str(path.relative_to(settings.root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in settings.root.rglob("*")
        if path.is_file() and not {"locks", "audit"} & set(path.parts)
    }


def pooled(folder: Path) -> int:
    return len(list(folder.glob("pool/*/*.parquet")))


def test_dry_run_says_what_the_run_then_removes(root: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    before = everything(root)
    told = retain(root, LAST, dry_run=True, grace=0)
    assert everything(root) == before
    assert "would remove" in capsys.readouterr().err
    done = retain(root, LAST, grace=0)
    assert done["zones"] == told["zones"]
    after = everything(root)
    assert len(before) - len(after) == sum(zone["count"] for zone in done["zones"].values())
    assert sum(zone["count"] for zone in retain(root, LAST, grace=0)["zones"].values()) == 0
    assert {path: digest for path, digest in before.items() if path in after} == after


def test_what_is_kept_still_reads_and_restores(root: Settings) -> None:
    retain(root, LAST, grace=0)
    assert [name[:10] for name in kept_releases(root)] == NIGHTS[-3:]
    with duckdb.connect() as engine:
        seen = engine.execute(f"select count(*) from '{root.published}/current/person/*.parquet'").fetchall()
    assert seen == [(2,)]
    for name in kept_releases(root):
        assert verify(root, name) == 2
    assert pooled(root.published) == 4  # three nights' own files and the one they share
    for zone, kept in ((root.identity, 3), (root.crosswalk, 3), (root.standard / "pharmacy", 4)):
        assert names(zone) == NIGHTS[-kept:]
        assert pooled(zone) == kept
        for night in names(zone):
            for pointer in (zone / night).glob("*.json"):
                for file in read_json(pointer)["files"]:
                    assert Pool(zone / "pool").path(file["sha256"]).is_file()
    assert names(root.candidate) == NIGHTS[-2:]
    assert names(root.quarantine / "pharmacy") == NIGHTS[-6:]  # the night itself and five days before it
    assert names(root.raw / "pharmacy") == NIGHTS[-6:]
    assert names(root.work / "pull" / "pharmacy") == []  # all are closed


def test_current_and_its_predecessor_stay_after_a_rollback(root: Settings) -> None:
    from jobs.rollback.__main__ import rollback

    rollback(root, kept_releases(root)[4])
    retain(root, LAST, grace=0)
    assert [name[:10] for name in kept_releases(root)] == [*NIGHTS[3:5], *NIGHTS[-3:]]
    assert str(current_release(root)).startswith(NIGHTS[4])


def test_an_undecided_night_and_its_staging_stay(root: Settings) -> None:
    early = NIGHTS[0]
    decision_path(root, early).unlink()
    state_path(root, "pharmacy", early).unlink()
    retain(root, LAST, grace=0)
    assert early in names(root.candidate)
    assert names(root.work / "pull" / "pharmacy") == [early]


def test_young_files_stay_in_case_a_job_is_about_to_name_them(root: Settings) -> None:
    orphan = file_of(root, Pool(root.identity / "pool"), "orphan")
    path = Pool(root.identity / "pool").path(orphan)
    retain(root, LAST)
    assert path.is_file()
    os.utime(path, (1, 1))
    retain(root, LAST)
    assert not path.exists()


def test_a_source_at_work_is_left_alone(root: Settings) -> None:
    with lock(root, "pharmacy"):
        result = retain(root, LAST, grace=0)
    assert result["left_for_later"] == ["pharmacy"]
    assert names(root.standard / "pharmacy") == NIGHTS
    assert pooled(root.identity) == 8, "the shared pools wait too"


def test_old_attempts_go_by_the_clock(root: Settings) -> None:
    for name, when in (("attempt-old", 1), ("attempt-new", None)):
        folder = root.work / "attempts" / name
        folder.mkdir()
        (folder / "x").write_text("left")
        if when:
            os.utime(folder, (when, when))
    retain(root, LAST)
    assert names(root.work / "attempts") == ["attempt-new"]


def test_without_a_current_release_no_release_goes(root: Settings) -> None:
    (root.published / "current").unlink()
    retain(root, LAST, grace=0)
    assert len(kept_releases(root)) == 8


def test_the_command(root: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--night", LAST, "--dry-run"]) == 0
    assert '"dry_run": true' in capsys.readouterr().out
    assert len(kept_releases(root)) == 8
