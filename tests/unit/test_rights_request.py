"""Requests: what is accepted, and a clear word for everything that is not, without a word of what it says."""

import json
from pathlib import Path
from typing import Any

import pytest

from jobs.core.errors import ConfigError, DataRefused
from jobs.core.settings import Settings
from jobs.core.tokens import text_hex
from jobs.identifiers.nir import python_expected_key
from jobs.rights.register import added, entry_of, load, register_path, save
from jobs.rights.request import Identifier, read_requests

ROLES = ["data protection officer"]
NUMBER = f"2480299999001{python_expected_key('2480299999001'):02d}"
GOOD: dict[str, Any] = {
    "request_id": "R-2026-1",
    "kind": "opposition",
    "dated": "2026-11-22",
    "signed_off_by": ROLES[0],
    "identifiers": [{"nir": "2480299999001"}],
}
OID = "1.2.250.1.213.1.4.8"


def lay(folder: Path, value: Any, name: str = "R-2026-1.json", mode: int = 0o600) -> Path:
    """A request in its folder."""
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / name
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    path.chmod(mode)
    return path


def test_every_kind_of_identifier(tmp_path: Path) -> None:
    told = [
        {"nir": "2 48 02 99 999 001"},
        {"source": "hospital", "producer": "990000010", "patient": "IPP 7"},
        {"source": "hospital", "producer": "990000010", "stay": "S1"},
        {"source": "shared_record", "producer": "RECORD1", "patient": "ab1", "system": "2.25.80"},
    ]
    lay(tmp_path / "r", GOOD | {"identifiers": told})
    found = read_requests(tmp_path / "r", ROLES)[0]
    assert found.identifiers == (
        Identifier("number", "2480299999001"),
        Identifier("patient", "IPP 7", "hospital", "990000010"),
        Identifier("patient", "ab1", "shared_record", "RECORD1", "2.25.80"),
        Identifier("stay", "S1", "hospital", "990000010"),
    )


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"kind": "deletion"}, "kind must be opposition or erasure"),
        ({"dated": "22/11/2026"}, "dated must be a date"),
        ({"signed_off_by": "Dr Quetzal"}, "must be a role of the policy"),
        ({"request_id": "R-2026-2"}, "differs from the name of the file"),
        ({"identifiers": []}, "one identifier at least"),
        ({"identifiers": [{"nir": "248029999900199"}]}, "identifier 1 is no NIR with a right key"),
        ({"identifiers": [{"nir": NUMBER[:13]}, {"nir": ""}]}, "identifier 2 must hold texts"),
        ({"identifiers": [{"ins": NUMBER[:13], "oid": OID}]}, "identifier 1 is no INS"),
        ({"identifiers": [{"ins": NUMBER, "oid": OID[:-1] + "10"}]}, "not that of an INS in use"),
        ({"identifiers": [{"source": "pharmacy", "producer": "P1", "patient": "7"}]}, "no patient number of its own"),
        ({"identifiers": [{"source": "hospital", "patient": "7"}]}, "identifier 1 must be nir"),
        ({"identifiers": [{"source": "shared_record", "producer": "R", "patient": "7"}]}, "system and patient"),
        ({"name": "QUETZAL"}, "fields must be exactly"),
    ],
)
def test_a_malformed_request_is_refused_in_words_that_repeat_nothing(
    tmp_path: Path, changed: dict[str, Any], said: str
) -> None:
    lay(tmp_path / "r", GOOD | changed)
    with pytest.raises(DataRefused, match=r"RGT-002: R-2026-1\.json: ") as caught:
        read_requests(tmp_path / "r", ROLES)
    assert said in str(caught.value)
    for needle in ("24802", "Quetzal", "QUETZAL", "99999"):
        assert needle not in str(caught.value)


def test_what_is_no_request_at_all(tmp_path: Path) -> None:
    path = lay(tmp_path / "r", "{half")
    with pytest.raises(DataRefused, match="no JSON"):
        read_requests(tmp_path / "r", ROLES)
    path.rename(path.with_name("QUETZAL 2480299999001.json"))
    with pytest.raises(DataRefused, match="file 1 of the folder") as caught:
        read_requests(tmp_path / "r", ROLES)
    assert "QUETZAL" not in str(caught.value)
    with pytest.raises(ConfigError, match="RGT-001: the folder of requests is not there"):
        read_requests(tmp_path / "nowhere", ROLES)


@pytest.mark.parametrize("target", ["folder", "file"])
def test_what_others_can_read_is_refused_before_it_is_read(tmp_path: Path, target: str) -> None:
    path = lay(tmp_path / "r", "never read")
    (path if target == "file" else path.parent).chmod(0o644 if target == "file" else 0o750)
    with pytest.raises(ConfigError, match="RGT-001") as caught:
        read_requests(tmp_path / "r", ROLES)
    assert ("0600" if target == "file" else "0700") in str(caught.value)


def entries(settings: Settings, tmp_path: Path, *values: dict[str, Any]):
    for value in values:
        lay(tmp_path / "r", GOOD | value, f"{value.get('request_id', 'R-2026-1')}.json")
    return [entry_of(settings, one) for one in read_requests(tmp_path / "r", ROLES)]


def test_the_register_holds_tokens_alone_and_comes_back_as_it_was(settings: Settings, tmp_path: Path) -> None:
    told = [{"nir": NUMBER}, {"source": "shared_record", "producer": "R1", "patient": "ab 1", "system": "2.25.80"}]
    register = added(load(settings), entries(settings, tmp_path, {"identifiers": told}))
    save(settings, register)
    assert load(settings) == register
    text = register_path(settings).read_text()
    for needle in (NUMBER[:13], "ab 1", "AB1", "2.25.80"):
        assert needle not in text
    key = (settings.keys / "collector.v1.key").read_bytes()
    assert register.entries[0].subjects == {text_hex(key, "shared_record", "R1", "local:2.25.80^AB1")}


def test_another_key_is_noticed(settings: Settings, tmp_path: Path) -> None:
    save(settings, added(load(settings), entries(settings, tmp_path, {})))
    path = settings.keys / "rights.v1.key"
    path.chmod(0o600)
    path.write_bytes(bytes(range(32)))
    path.chmod(0o400)
    with pytest.raises(ConfigError, match="not the key"):
        load(settings)


def test_two_requests_that_contradict_each_other(settings: Settings, tmp_path: Path) -> None:
    first = {"request_id": "R-2026-1"}
    both = entries(settings, tmp_path, first, {"request_id": "R-2026-2", "kind": "erasure"})
    with pytest.raises(DataRefused, match=r"RGT-003: R-2026-1 and R-2026-2"):
        added(load(settings), both)
    opposed = added(load(settings), both[:1])
    erased = added(opposed, both[1:])
    assert [one.kind for one in erased.entries] == ["opposition", "erasure"], "an erasure after an opposition stands"
    only = added(load(settings), both[1:])
    with pytest.raises(DataRefused, match="RGT-003: R-2026-1 opposes what R-2026-2 has erased"):
        added(only, both[:1])
    other = entries(settings, tmp_path, first | {"dated": "2026-11-23"})
    with pytest.raises(DataRefused, match="another content"):
        added(opposed, other[:1])
    assert added(opposed, both[:1]) == opposed
