"""The pull tells deliveries apart, keeps every byte, copies nothing twice and loads nothing twice."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from jobs.core.errors import DataRefused, TryAgain
from jobs.core.manifest import Manifest, describe_file, write_manifest
from jobs.core.nights import decision_path, state_path
from jobs.core.rules import rule
from jobs.core.schema import load_schema
from jobs.core.settings import Settings
from jobs.core.snapshot import write_json
from jobs.landing import Place
from jobs.landing.folder import FolderLanding
from jobs.pull import packs_of, pull_path, read_file, read_packs, read_pull
from jobs.pull.job import pull
from jobs.pull.received import ledger_path

SOURCE, ONE, TWO, THREE = "pharmacy", "2026-11-22", "2026-11-23", "2026-11-24"


@pytest.fixture
def root(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    lines = ["producer,source,name,format,dialect,expected_records,due_hour,contact,status"]
    lines += [f"{name},pharmacy,n,pharmacy-csv,standard,,2,c@example.org,active" for name in ("PA", "PB")]
    lines += ["PC,pharmacy,n,pharmacy-csv,standard,,2,c@example.org,closed", "H1,hospital,n,pmsi-mco,,,2,c,active"]
    (settings.root / "producers.csv").write_text("\n".join(lines) + "\n")
    policy = (settings.repo / "config" / "policy.toml").read_text().replace("8_388_608", "64")
    (settings.root / "policy.toml").write_text(policy)
    monkeypatch.setenv("VEILLEE_POLICY", str(settings.root / "policy.toml"))
    return settings


def deliver(root: Settings, delivery: str, content: str = "a;b\n1;2\n", **changes: object) -> Path:
    """A delivery in the landing; ``folder``, ``manifest`` and ``file`` change what a test is about."""
    producer = str(changes.pop("producer", "PA"))
    folder = root.landing / SOURCE / producer / delivery
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / str(changes.pop("file", "t.csv"))
    path.write_text(content)
    fields = {
        "delivery_id": delivery,
        "producer": producer,
        "source": SOURCE,
        "format": "pharmacy-csv",
        "produced_at": "2026-11-22T01:00:00+01:00",
        "covers_from": "2026-11-21",
        "covers_to": "2026-11-21",
        "mode": "append",
        "files": (describe_file(path),),
    }
    write_manifest(folder, Manifest(**(fields | changes)))  # type: ignore[arg-type]
    return folder


def statuses(root: Settings, night: str = ONE) -> dict[str, tuple[str, str | None]]:
    pull(root, night, SOURCE)
    found = read_pull(root, SOURCE, night)["deliveries"]
    for item in found:
        for code in [item["rule"], *item["warnings"]]:
            assert code is None or rule(code).remedy_fr
    return {item["delivery_id"]: (item["status"], item["rule"]) for item in found}


def close(root: Settings, night: str, status: str = "complete", decided: bool = False) -> None:
    write_json(state_path(root, SOURCE, night), {"status": status})
    if decided:
        write_json(decision_path(root, night), {"night": night, "decision": "publish"})


def edit(folder: Path, **changes: object) -> None:
    value = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(value | changes))


def test_each_kind_of_delivery_is_told_apart(root: Settings) -> None:
    deliver(root, "good")
    deliver(root, "same")  # the bytes of "good" under another id
    (deliver(root, "cut", "a;b\n3;4\n") / "t.csv").write_text("a;b\n3;")
    (deliver(root, "altered", "a;b\n5;6\n") / "t.csv").write_text("a;b\n5;7\n")
    (deliver(root, "no-manifest", "x\n") / "manifest.json").unlink()
    (deliver(root, "empty-manifest", "x\n") / "manifest.json").write_text("")
    (deliver(root, "half-manifest", "x\n") / "manifest.json").write_text('{"manifest_version": 1,')
    (deliver(root, "before-files", "y\n") / "t.csv").unlink()
    edit(deliver(root, "path-trick", "z\n"), files=[{"name": "../../t", "bytes": 1, "sha256": "0" * 64}])
    edit(deliver(root, "other-producer", "w\n"), producer="PB")
    edit(deliver(root, "other-format", "v\n"), format="rpu-oscour")
    link = deliver(root, "linked", "u\n")
    (link / "t.csv").unlink()
    (link / "t.csv").symlink_to("/etc/hostname")
    (deliver(root, "extra", "t\n") / "more.csv").write_text("not named")
    deliver(root, "stranger", producer="ZZ")
    deliver(root, "closed-producer", producer="PC")
    (root.landing / SOURCE / "PA" / "bad name;").mkdir()
    (root.landing / SOURCE / "PA" / ".draft").mkdir()
    assert (
        statuses(root)
        == {
            "good": ("complete", None),
            "same": ("resent_unchanged", "DEL-010"),
            "cut": ("corrupt", "DEL-001"),
            "altered": ("corrupt", "DEL-001"),
            "no-manifest": ("arriving", None),  # E-08: still being written
            "empty-manifest": ("arriving", None),
            "half-manifest": ("corrupt", "DEL-002"),
            "before-files": ("arriving", "DEL-012"),
            "path-trick": ("corrupt", "DEL-003"),
            "other-producer": ("corrupt", "DEL-004"),
            "other-format": ("corrupt", "DEL-005"),
            "linked": ("corrupt", "DEL-003"),
            "extra": ("complete", None),
            "stranger": ("unknown_producer", "DEL-007"),
            "closed-producer": ("unknown_producer", "DEL-007"),
            "unsafe-" + hashlib.sha256(b"bad name;").hexdigest()[:12]: ("corrupt", "DEL-003"),
        }
    )
    found = read_pull(root, SOURCE, ONE)
    assert found["missing"] == ["PB"]
    assert [d["warnings"] for d in found["deliveries"] if d["delivery_id"] == "extra"] == [["DEL-011"]]
    packed = {row["delivery_id"] for path in packs_of(root, SOURCE, ONE) for row in pq.read_table(path).to_pylist()}
    assert packed == {"good", "extra"}


def test_every_byte_is_kept_in_parts_that_end_at_lines(root: Settings, spark: SparkSession) -> None:
    content = "".join(f"{number:03d};{'x' * (number % 30)}\n" for number in range(200)) + "last without end"
    deliver(root, "d1", content)
    deliver(root, "d2", "", producer="PB")
    statuses(root)
    rows = read_packs(spark, root, SOURCE, ONE, ["d1"]).orderBy("part").collect()
    assert b"".join(row["bytes"] for row in rows).decode() == content
    assert len(rows) > 20
    assert all(row["bytes"].endswith(b"\n") for row in rows[:-1])
    assert [row["first_record"] for row in rows] == [content[: row["offset"]].count("\n") for row in rows]
    everything = read_packs(spark, root, SOURCE, ONE)
    assert everything.schema == load_schema("raw/pack").spark
    assert everything.where("delivery_id = 'd2'").collect()[0]["bytes"] == b""
    assert b"".join(read_file(root, SOURCE, ONE, "PA", "d1", "t.csv")).decode() == content


def test_nothing_arrived(root: Settings, spark: SparkSession) -> None:
    assert statuses(root) == {}
    assert read_pull(root, SOURCE, ONE)["missing"] == ["PA", "PB"]
    assert read_packs(spark, root, SOURCE, ONE).count() == 0


def test_an_open_night_takes_newcomers_and_repairs_in(root: Settings) -> None:
    deliver(root, "d1")
    broken = deliver(root, "d2", "a;b\n3;4\n", producer="PB")
    (broken / "t.csv").write_text("a;b\n")
    assert statuses(root) == {"d1": ("complete", None), "d2": ("corrupt", "DEL-001")}
    (broken / "t.csv").write_text("a;b\n3;4\n")
    deliver(root, "d0", "a;b\n7;8\n")
    assert statuses(root) == dict.fromkeys(["d0", "d1", "d2"], ("complete", None))
    assert [path.stem for path in packs_of(root, SOURCE, ONE)] == read_pull(root, SOURCE, ONE)["packs"]
    there = {path.name for path in pull_path(root, SOURCE, ONE).parent.iterdir()}
    assert there == {"pull.json", *(path.name for path in packs_of(root, SOURCE, ONE))}


def test_a_closed_night_does_not_change(root: Settings) -> None:
    deliver(root, "d1")
    statuses(root)
    before = pull_path(root, SOURCE, ONE).read_bytes()
    close(root, ONE)
    deliver(root, "d2", "a;b\n3;4\n")
    assert pull(root, ONE, SOURCE)["already_closed"] is True
    assert pull_path(root, SOURCE, ONE).read_bytes() == before
    assert statuses(root, TWO) == {"d2": ("complete", None)}  # late, it loads in the first open night


def test_a_night_closed_before_its_pull(root: Settings) -> None:
    close(root, ONE, "absent", decided=True)
    with pytest.raises(DataRefused, match="closed"):
        pull(root, ONE, SOURCE)


def test_no_delivery_loads_twice_and_none_is_forgotten(root: Settings) -> None:
    deliver(root, "d1")
    statuses(root)
    close(root, ONE, "complete", decided=True)
    deliver(root, "d2")  # the same bytes again
    deliver(root, "d3", "a;b\n3;4\n")
    assert statuses(root, TWO) == {"d2": ("resent_unchanged", "DEL-010"), "d3": ("complete", None)}
    close(root, TWO, "failed", decided=True)  # the source crashed that night: nothing of it was loaded
    found = statuses(root, THREE)
    assert found == {"d2": ("resent_unchanged", "DEL-010"), "d3": ("complete", None)}
    assert "d1" not in found


def test_a_failed_night_can_be_run_again_until_it_is_decided(root: Settings) -> None:
    deliver(root, "d1")
    statuses(root)
    close(root, ONE, "failed")
    deliver(root, "d2", "a;b\n3;4\n")
    assert statuses(root, TWO) == {"d2": ("complete", None)}, "the failed night may still load d1"
    assert statuses(root, ONE) == {"d1": ("complete", None)}, "the other night holds d2"


def test_a_received_delivery_changed_in_place_is_told_once(root: Settings) -> None:
    folder = deliver(root, "d1")
    other = deliver(root, "d2", "a;b\n5;6\n", producer="PB")
    statuses(root)
    close(root, ONE)
    deliver(root, "d1", "a;b\n9;9\n")  # another manifest and other bytes in the same folder
    (other / "t.csv").write_text("a;b\n5;7\n")  # other bytes of the same length below the old manifest
    changed = {"d1": ("resent_changed", "DEL-006"), "d2": ("resent_changed", "DEL-006")}
    assert statuses(root, TWO) == changed
    assert packs_of(root, SOURCE, TWO) == []
    close(root, TWO)
    assert statuses(root, THREE) == {}
    shutil.rmtree(root.work / "pull")  # the memory of stamps is only there to save reading
    assert statuses(root, THREE) == {}
    assert folder.is_dir()


def test_a_received_delivery_written_again_with_the_same_bytes(root: Settings) -> None:
    deliver(root, "d1")
    other = deliver(root, "d2", "a;b\n5;6\n")
    statuses(root)
    close(root, ONE)
    os.utime(deliver(root, "d1") / "t.csv", (1, 1))
    shutil.rmtree(other)  # its bytes are in the raw zone
    for _ in range(2):
        assert statuses(root, TWO) == {"d1": ("resent_unchanged", "DEL-010")}
    assert packs_of(root, SOURCE, TWO) == []
    close(root, TWO)
    assert statuses(root, THREE) == {}
    shutil.rmtree(root.work / "pull")
    assert statuses(root, THREE) == {}


def test_a_replacement_may_go_back_to_earlier_bytes(root: Settings) -> None:
    for night, delivery, content in ((ONE, "d1", "first\n"), (TWO, "d2", "second\n")):
        deliver(root, delivery, content, mode="replace")
        statuses(root, night)
        close(root, night)
    deliver(root, "d3", "first\n", mode="replace")
    deliver(root, "d4", "first\n", mode="replace")
    assert statuses(root, THREE) == {"d3": ("complete", None), "d4": ("resent_unchanged", "DEL-010")}


def test_late_is_loaded_and_told(root: Settings) -> None:
    deliver(root, "on-time", "1\n", produced_at="2026-11-22T02:00:00+01:00")
    deliver(root, "after-due", "2\n", produced_at="2026-11-22T01:00:01+00:00")
    deliver(root, "old-days", "3\n", covers_from="2026-11-01", covers_to="2026-11-20")
    deliver(root, "year", "4\n", covers_from="2026-01-01", covers_to="2026-10-31", mode="replace")
    pull(root, ONE, SOURCE)
    told = {d["delivery_id"]: (d["status"], d["warnings"]) for d in read_pull(root, SOURCE, ONE)["deliveries"]}
    assert told == {
        "on-time": ("complete", []),
        "after-due": ("complete", ["DEL-009"]),
        "old-days": ("complete", ["DEL-009"]),
        "year": ("complete", []),
    }


def test_a_cut_pull_does_not_read_again_what_it_has(root: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver(root, "d1")
    deliver(root, "d2", "a;b\n3;4\n")
    deliver(root, "d3", "a;b\n5;6\n")
    read = FolderLanding.read
    asked: list[tuple[str, str]] = []

    def failing(self: FolderLanding, place: Place, name: str, start: int = 0) -> Iterator[bytes]:
        asked.append((place.delivery_id, name))
        if len(asked) == 4:  # manifest and file of d1, manifest of d2, file of d2
            raise TryAgain("cut")
        return read(self, place, name, start)

    monkeypatch.setattr(FolderLanding, "read", failing)
    with pytest.raises(TryAgain):
        pull(root, ONE, SOURCE)
    assert not pull_path(root, SOURCE, ONE).exists()
    assert statuses(root) == dict.fromkeys(["d1", "d2", "d3"], ("complete", None))
    assert ("d1", "t.csv") not in asked[4:]
    assert ("d2", "t.csv") in asked[4:]


def test_a_damaged_copy_is_not_taken_up(root: Settings) -> None:
    deliver(root, "d1")
    statuses(root)
    copy = root.work / "pull" / SOURCE / ONE / "PA~d1.parquet"
    copy.unlink()  # it shares its bytes with the pack
    copy.write_bytes(b"PAR1 damaged")
    pull_path(root, SOURCE, ONE).unlink()
    assert statuses(root) == {"d1": ("complete", None)}
    assert b"".join(read_file(root, SOURCE, ONE, "PA", "d1", "t.csv")) == b"a;b\n1;2\n"


def test_same_input_same_bytes(root: Settings, tmp_path: Path) -> None:
    for number in range(12):
        deliver(root, f"d{number:02d}", f"a;b\n{number};2\n" * 30, producer="PA" if number % 2 else "PB")
    statuses(root)
    first = pull_path(root, SOURCE, ONE).read_bytes(), ledger_path(root, SOURCE, ONE).read_bytes()
    assert len(read_pull(root, SOURCE, ONE)["packs"]) == 1
    for zone in ("raw", "work", "ledger"):
        shutil.rmtree(root.root / zone)
        (root.root / zone).mkdir()
    statuses(root)
    assert (pull_path(root, SOURCE, ONE).read_bytes(), ledger_path(root, SOURCE, ONE).read_bytes()) == first


def test_a_landing_that_is_not_mounted_may_heal(root: Settings) -> None:
    root.landing.rmdir()
    with pytest.raises(TryAgain, match="mounted"):
        pull(root, ONE, SOURCE)


def test_the_ledger_remembers_without_identities(root: Settings) -> None:
    deliver(root, "d1")
    statuses(root)
    rows = pq.read_table(ledger_path(root, SOURCE, ONE)).to_pylist()
    assert [(row["delivery_id"], row["status"], row["files"], row["bytes"]) for row in rows] == [
        ("d1", "complete", 1, 8)
    ]
    assert list(rows[0]) == load_schema("ledger/delivery").names
