"""The certificate: one entry per run that found something, also for a run that was stopped on its way."""

from dataclasses import replace

from jobs.core.settings import Settings
from jobs.core.snapshot import DataFile, read_json
from jobs.rights.certificate import Told, sentence, write
from jobs.rights.cut import Cut
from jobs.rights.register import Entry
from jobs.rights.zones import Removed

ENTRY = Entry("E-1", "erasure", "2026-11-22", "role", ("x",), persons=frozenset({"p"}), subjects=frozenset({"s", "t"}))


def removed(name: str, rows: int) -> Removed:
    found = Removed()
    found.add("hospital_stay", Cut(name * 64, DataFile("f" * 64, 1, 1), rows, 0))
    return found


def runs(settings: Settings) -> list[dict]:
    return read_json(settings.ledger / "rights" / "E-1.json")["runs"]


def test_an_interrupted_run_and_what_ends_it_are_one(settings: Settings) -> None:
    write(settings, ENTRY, Told({"raw": removed("a", 2)}, notes=["n"]))
    write(settings, ENTRY, Told({"raw": Removed()}))
    write(settings, ENTRY, Told({"standard": removed("b", 1)}, {"r1": "r2"}))
    write(settings, ENTRY, Told({"standard": removed("b", 1)}, {"r1": "r2"}, ["n"]))
    write(settings, ENTRY, Told({"standard": removed("c", 3)}))
    assert len(runs(settings)) == 1
    run = runs(settings)[0]
    assert (run["persons"], run["subjects"], run["rules"], run["notes"]) == (1, 2, [], ["n"])
    assert run["zones"]["raw"]["tables"] == {"hospital_stay": {"files": 1, "rows": 2}}
    assert run["zones"]["standard"]["tables"] == {"hospital_stay": {"files": 2, "rows": 4}}
    assert [one["before"][0] for one in run["zones"]["standard"]["files"]] == ["b", "c"]
    assert run["releases"] == [{"before": "r1", "after": "r2"}]


def test_a_later_run_adds_an_entry_only_when_it_found_something(settings: Settings) -> None:
    write(settings, ENTRY, Told({"raw": Removed()}))
    done = replace(ENTRY, done=True)
    write(settings, done, Told({"raw": Removed()}))
    assert len(runs(settings)) == 1
    write(settings, done, Told({"raw": removed("a", 1)}))
    write(settings, done, Told({"raw": removed("b", 1)}))
    assert [one["zones"]["raw"]["files"][0]["before"][0] for one in runs(settings)[1:]] == ["a", "b"]


def test_in_one_line() -> None:
    told = Told({"raw": removed("a", 2), "standard": Removed()}, {"r1": "r2"})
    assert sentence(ENTRY, told) == "E-1: erasure: removed 2 row copies of raw; 1 releases have a successor."
    assert sentence(ENTRY, told, frozenset({"r1"})) == "E-1: erasure: removed 2 row copies of raw."
    unknown = replace(ENTRY, persons=frozenset())
    assert "nobody is known by it yet; it stays in force" in sentence(unknown, Told())
