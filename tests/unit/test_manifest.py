"""A manifest is taken as declared or refused with place and remedy, never with a value or a stack trace."""

import json
from pathlib import Path
from typing import Any

import pytest

from jobs.core.manifest import BadManifest, Manifest, ManifestFile, describe_file, parse_manifest, read_manifest
from jobs.core.manifest import write_manifest as write

GOOD: dict[str, Any] = {
    "manifest_version": 1,
    "delivery_id": "2026-11-22T0100-001",
    "producer": "PH1",
    "source": "pharmacy",
    "format": "pharmacy-csv",
    "produced_at": "2026-11-22T01:00:00+01:00",
    "covers": {"from": "2026-11-21", "to": "2026-11-21"},
    "mode": "append",
    "files": [{"name": "tickets.csv", "bytes": 4, "sha256": "0" * 64, "records": 1}],
}

PMSI = {"source": "hospital", "format": "pmsi-mco"}


def changed(**changes: object) -> bytes:
    return json.dumps(GOOD | changes).encode()


def named(name: str) -> bytes:
    return changed(files=[{"name": name, "bytes": 4, "sha256": "0" * 64}])


def test_written_then_read_is_the_same(tmp_path: Path) -> None:
    path = tmp_path / "tickets.csv"
    path.write_bytes(b"a;b\n")
    manifest = Manifest(
        "d1", "PH1", "pharmacy", "pharmacy-csv", "2026-11-22T01:00Z", "2026-11-21", "2026-11-21", "append",
        (describe_file(path, records=0),),
    )  # fmt: skip
    write(tmp_path, manifest)
    assert read_manifest(tmp_path / "manifest.json") == manifest
    digest = "9a8be2eb1604c06722f17a9bbdb1160123efa0dcf87979013ead941593977af2"
    assert manifest.files == (ManifestFile("tickets.csv", 4, digest, 0),)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "no JSON"),
        (b"{", "no JSON (line 1"),
        (b"\xff\xfe{}", "not UTF-8"),
        (b"[]", "the object must be of type object"),
        (b"[" * 100_000, "no JSON"),
        (b'{"mode": 1, "mode": 2}', "each key once"),
        (json.dumps({k: v for k, v in GOOD.items() if k != "covers"}).encode(), "needs manifest_version"),
        (changed(extra=1), "may hold only"),
        (changed(mode="SECRET"), "mode must be one of append, replace"),
        (changed(source="SECRET"), "source must be one of"),
        (changed(manifest_version=2), "manifest_version must be 1"),
        (changed(files=[]), "at least one file"),
        (changed(produced_at="2026-11-22"), "produced_at must match"),
        (changed(produced_at="2026-13-45T01:00:00Z"), "no real date and time"),
        (changed(covers={"from": "2026-02-30", "to": "2026-03-01"}), "no real dates"),
        (changed(covers={"from": "2026-11-22", "to": "2026-11-21"}), "ends before"),
        (changed(files=GOOD["files"] * 2), "names one file twice"),
        (changed(transmission="trial"), "only a hospital's delivery has a transmission"),
        (changed(**PMSI, mode="append"), "its mode is replace"),
        (changed(**PMSI, mode="append", transmission="validated"), "its mode is replace"),
        (changed(**PMSI, mode="replace", transmission="fast_track"), "is of mode append"),
        (changed(files=[{"name": "a", "bytes": -1, "sha256": "0" * 64}]), "files/0/bytes must not be negative"),
        (changed(files=[{"name": "a", "bytes": 1, "sha256": "SECRET"}]), "files/0/sha256 must match"),
    ],
)
def test_refused_with_place_and_remedy(data: bytes, says: str) -> None:
    with pytest.raises(BadManifest) as caught:
        parse_manifest(data, "manifest.json")
    assert caught.value.rule == "DEL-002"
    assert caught.value.exit_code == 65
    message = str(caught.value)
    assert says in message
    assert "SECRET" not in message
    assert "deposit-a-delivery.md" in message


@pytest.mark.parametrize(
    "name",
    ["../x", "/etc/passwd", "a/b", "a\\b", "C:\\x", "..", ".", ".hidden", "~x", "a\x00b", "a\nb", "", "x" * 201,
     "manifest.json"],
)  # fmt: skip
def test_unsafe_file_names(name: str) -> None:
    with pytest.raises(BadManifest) as caught:
        parse_manifest(named(name), "manifest.json")
    assert caught.value.rule == "DEL-003"


@pytest.mark.parametrize("name", ["tickets.csv", "Relevé du 21.csv", "a-b_c (1).xml", "x" * 200])
def test_plain_file_names(name: str) -> None:
    assert parse_manifest(named(name), "manifest.json").files[0].name == name


@pytest.mark.parametrize(
    ("format_", "mode", "transmission"),
    [
        ("pmsi-mco", "replace", None),
        ("pmsi-mco", "append", "fast_track"),
        ("pmsi-mco", "append", "trial"),
        ("pmsi-mco", "replace", "trial"),
        ("rpu-oscour", "append", None),
    ],
)
def test_modes_of_a_hospital(format_: str, mode: str, transmission: str | None) -> None:
    more = {"transmission": transmission} if transmission else {}
    found = parse_manifest(changed(source="hospital", format=format_, mode=mode, **more), "manifest.json")
    assert (found.mode, found.transmission) == (mode, transmission)


def test_byte_order_mark_is_no_reason_to_refuse() -> None:
    assert parse_manifest(b"\xef\xbb\xbf" + changed(), "manifest.json").producer == "PH1"


def test_what_the_pull_would_refuse_is_not_written(tmp_path: Path) -> None:
    manifest = parse_manifest(changed(), "manifest.json")
    with pytest.raises(BadManifest):
        write(tmp_path, Manifest(**(manifest.__dict__ | {"files": (ManifestFile("../x", 1, "0" * 64),)})))
    assert list(tmp_path.iterdir()) == []
