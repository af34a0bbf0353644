"""E-09: the Bulk Data manifest, and whether what came is what it tells of."""

import json

import pytest

from jobs.standardise.shared_record.fhir.manifest import Judged, Stored, judge_export, read_manifest
from tests.fhir_made import manifest

TWO = {"Patient.ndjson": ("Patient", 1), "Observation.ndjson": ("Observation", 3)}
CAME = {"Patient.ndjson": Stored(1), "Observation.ndjson": Stored(3)}


def rules(judged: Judged) -> dict[str, tuple[str | None, str | None]]:
    """File -> rule and field."""
    return {name: (rule, field) for name, (_, _, rule, field) in judged.files.items()}


def test_the_manifest_is_read_tolerantly() -> None:
    """Unknown keys are read over, ``outcome`` means ``error``, an address may be signed and escaped."""
    data = manifest(
        {"Patient%2E1.ndjson": ("Patient", 1)},
        deleted=[{"type": "Bundle", "url": "/files/deleted.ndjson"}],
        outcome=[{"url": "https://x.example/log.ndjson"}],
        outputOrganizedBy="Patient",
    )
    assert [(one.section, one.name, one.type, one.count) for one in read_manifest(data)] == [
        ("output", "Patient.1.ndjson", "Patient", 1),
        ("deleted", "deleted.ndjson", "Bundle", None),
        ("error", "log.ndjson", None, None),
    ]


def test_a_whole_export_is_taken() -> None:
    judged = judge_export(manifest(TWO), CAME)
    assert set(rules(judged).values()) == {(None, None)}
    assert judged.files["Observation.ndjson"][:2] == ("output", "Observation")
    assert not judged.errors


def test_a_packed_file_stands_for_the_one_that_is_named() -> None:
    came = {"Patient.ndjson": Stored(1), "Observation.ndjson.gz": Stored(3)}
    assert set(rules(judge_export(manifest(TWO), came)).values()) == {(None, None)}


@pytest.mark.parametrize(
    ("data", "came", "culprit", "expected"),
    [
        (None, CAME, "Observation.ndjson", ("FHR-020", None)),
        (b"<html>", CAME, "export.json", ("FHR-020", None)),
        (b'{"transactionTime": "2026"}', CAME, "export.json", ("FHR-020", "output")),
        (b'{"transactionTime": "2026", "output": {}}', CAME, "export.json", ("FHR-020", "output")),
        (manifest(TWO), {"Patient.ndjson": Stored(1)}, "export.json", ("FHR-021", "output[1].url")),
        (manifest(TWO), CAME | {"Observation.ndjson": Stored(2)}, "export.json", ("FHR-022", "output[1].count")),
        (manifest(TWO), CAME | {"Patient.ndjson": Stored(1, "FHR-023")}, "Patient.ndjson", ("FHR-023", None)),
        (manifest(TWO), CAME | {"Patient.ndjson": Stored(0, "FHR-001")}, "Patient.ndjson", ("FHR-001", None)),
    ],
)
def test_half_an_export_is_refused_whole(
    data: bytes | None, came: dict[str, Stored], culprit: str, expected: tuple[str, str | None]
) -> None:
    found = rules(judge_export(data, came))
    assert found.pop(culprit) == expected
    assert set(found.values()) == {("FHR-024", None)}


def test_a_file_that_nobody_named_is_refused_alone() -> None:
    found = rules(judge_export(manifest(TWO), CAME | {"log.ndjson": Stored(9, "FHR-001")}))
    assert found.pop("log.ndjson") == ("FHR-025", None)
    assert set(found.values()) == {(None, None)}


def test_errors_are_told() -> None:
    data = json.loads(manifest(TWO)) | {"error": [{"type": "OperationOutcome", "url": "e.ndjson"}]}
    assert judge_export(json.dumps(data).encode(), CAME | {"e.ndjson": Stored(2)}).errors


@pytest.mark.parametrize(
    "entry",
    [
        {"type": "Patient", "url": "http://[bad/Patient.ndjson"},
        {"type": "Patient", "url": "Patient.ndjson", "count": "COUNT"},
        {"type": "Patient", "url": "Patient.ndjson", "count": -1},
        {"type": "\ud800", "url": "Patient.ndjson"},
    ],
)
@pytest.mark.parametrize("count", ["1e99999999999999999999", "9" * 5000])
def test_a_manifest_that_no_reader_foresees_refuses_the_export(entry: dict[str, object], count: str) -> None:
    data = json.loads(manifest({}))
    text = json.dumps(data | {"output": [entry]}).replace('"COUNT"', count)
    assert rules(judge_export(text.encode(), CAME))["export.json"][0] == "FHR-020"
