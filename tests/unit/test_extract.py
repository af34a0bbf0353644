"""A research project's extract: what it shows, what it refuses, and what becomes of it when somebody leaves."""

import datetime
import json
import tomllib
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.core.errors import ConfigError, DataRefused
from jobs.core.keys import project_key
from jobs.core.schema import load_schema
from jobs.core.settings import Settings
from jobs.core.snapshot import canonical_json, read_json
from jobs.extract.__main__ import main
from jobs.extract.make import current_extract, make
from jobs.extract.project import Project, load_project, parse_project
from jobs.extract.renew import expired, releases_in_use, renew
from jobs.release.publish import switch
from jobs.release.succession import record

RELEASE, AFTER = "2026-11-22-aaaaaaaaaaaa", "2026-11-22-bbbbbbbbbbbb"
PROJECT = """
title = "t"
purpose = "p"
responsible = "scientific lead"
epoch = 1
expires_on = 2099-01-01
months = { from = "2026-10", to = "2026-11" }
max_suppressed = 0.2
[tables.hospital_stay]
columns = ["ghm", "pseudonym", "stay_id", "entry_date", "age_years", "sex"]
generalise = { age_years = "band_10", entry_date = "month", ghm = "rare" }
"""


def stay(person: int, age: int = 44, sex: str = "1", ghm: str = "04M051", **more: Any) -> dict[str, Any]:
    schema = load_schema("published/hospital_stay")
    row = dict.fromkeys(schema.names) | {"pseudonym": f"1.{person:026d}", "stay_id": f"S{person:025d}"}
    fixed = {"care_month": "2026-11", "producer": "990000012", "entry_date": datetime.date(2026, 11, 3)}
    return row | fixed | {"age_years": age, "sex": sex, "ghm": ghm} | more


PEOPLE = [stay(n, ghm="04M051" if n % 2 else "05K101") for n in range(24)]


def publish(settings: Settings, name: str, rows: list[dict[str, Any]]) -> None:
    """A release of one table, as its reader sees it."""
    folder = settings.published / name / "hospital_stay"
    folder.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(rows, load_schema("published/hospital_stay").arrow), folder / "2026-11.parquet")
    (settings.published / name / "release.json").write_text(canonical_json({"release": name, "night": "2026-11-22"}))
    switch(settings, name)


def declare(settings: Settings, text: str = PROJECT, name: str = "flu") -> Project:
    (settings.root / "projects").mkdir(exist_ok=True)
    (settings.root / "projects" / f"{name}.toml").write_text(text, encoding="utf-8")
    return load_project(settings, name)


def rows_of(settings: Settings, name: str = "flu") -> list[dict[str, Any]]:
    folder = current_extract(settings, name)
    assert folder is not None
    found: list[dict[str, Any]] = pq.read_table(folder / "hospital_stay.parquet").to_pylist()
    return found


def test_columns_are_coarsened_and_tokens_are_the_project_s_own(settings: Settings) -> None:
    publish(settings, RELEASE, PEOPLE)
    make(settings, declare(settings), RELEASE)
    rows = rows_of(settings)
    assert [len(rows), set(rows[0])] == [24, {"pseudonym", "stay_id", "entry_date", "age_years", "sex", "ghm"}]
    assert {(row["age_years"], row["entry_date"], row["sex"]) for row in rows} == {("40-49", "2026-11", "1")}
    published = {value for row in PEOPLE for value in (row["pseudonym"], row["stay_id"])}
    assert not published & {row["pseudonym"] for row in rows} | published & {row["stay_id"] for row in rows}
    assert [row["pseudonym"] for row in rows] == sorted(row["pseudonym"] for row in rows)
    folder = current_extract(settings, "flu")
    assert folder is not None
    told = read_json(folder / "extract.json")["tables"]["hospital_stay"]
    assert (told["rows"], told["suppressed"], told["sets"]["patient"]["k"], told["sets"]["patient"]["l"]) == (
        24,
        0,
        24,
        2,
    )


def test_two_projects_and_two_epochs_share_no_token(settings: Settings) -> None:
    publish(settings, RELEASE, PEOPLE)
    found: list[set[str]] = []
    for name, text in (("flu", PROJECT), ("gout", PROJECT), ("flu", PROJECT.replace("epoch = 1", "epoch = 2"))):
        make(settings, declare(settings, text, name), RELEASE)
        found.append({row["pseudonym"] for row in rows_of(settings, name)})
    assert not found[0] & found[1] and not found[0] & found[2]
    keys = {project_key(settings, name, epoch) for name, epoch in (("flu", 1), ("gout", 1), ("flu", 2))}
    assert len(keys) == 3


def test_small_and_uniform_classes_are_left_out_and_too_many_of_them_refused(settings: Settings) -> None:
    few = [stay(100 + n, age=71, ghm="04M051" if n % 2 else "05K101") for n in range(3)]
    publish(settings, RELEASE, [*PEOPLE, *few])
    project = declare(settings)
    make(settings, project, RELEASE)
    assert {row["age_years"] for row in rows_of(settings)} == {"40-49"}
    alike = [stay(200 + n, age=25) for n in range(12)]  # enough persons, but all with one sensitive value
    publish(settings, AFTER, [*PEOPLE, *alike])
    with pytest.raises(DataRefused, match="DSC-002: flu, hospital_stay: 33 % of the rows"):
        make(settings, project, AFTER)
    assert len(rows_of(settings)) == 24  # the extract before stands


def test_rare_codes_become_their_parents(settings: Settings) -> None:
    rows = [stay(n, ghm=f"04M0{n % 5}1") for n in range(15)] + [stay(20 + n, ghm="05K101") for n in range(12)]
    rows += [stay(40, ghm="23Z001"), stay(41, ghm="27Z001")]
    publish(settings, RELEASE, rows)
    make(settings, declare(settings), RELEASE)
    counts: dict[str, int] = {}
    for row in rows_of(settings):
        counts[row["ghm"]] = counts.get(row["ghm"], 0) + 1
    assert counts == {"04M": 15, "05K101": 12, "other": 2}


def test_a_heavy_user_is_cut_to_what_others_may_have(settings: Settings) -> None:
    heavy = [stay(0, stay_id=f"T{n:025d}") for n in range(9)]
    publish(settings, RELEASE, [*PEOPLE, *heavy])
    make(
        settings,
        declare(settings, PROJECT.replace("max_suppressed", "max_rows_per_person = 2\nmax_suppressed")),
        RELEASE,
    )
    persons = [row["pseudonym"] for row in rows_of(settings)]
    assert max(persons.count(one) for one in set(persons)) == 2


def test_a_renewal_that_shows_persons_one_by_one_is_refused(settings: Settings) -> None:
    publish(settings, RELEASE, PEOPLE)
    project = declare(settings)
    make(settings, project, RELEASE)
    publish(settings, AFTER, [*PEOPLE, stay(99)])
    with pytest.raises(DataRefused, match="DSC-003: hospital_stay, set patient"):
        make(settings, project, AFTER)


def test_who_left_the_release_leaves_the_extract_and_the_others_keep_their_tokens(settings: Settings) -> None:
    publish(settings, RELEASE, PEOPLE)
    make(settings, declare(settings), RELEASE)
    before = {row["pseudonym"] for row in rows_of(settings)}
    assert releases_in_use(settings) == {RELEASE}
    publish(settings, AFTER, PEOPLE[1:])
    record(settings, RELEASE, AFTER, "R-2026-001")
    assert renew(settings, "R-2026-001") == ["flu"]
    after = {row["pseudonym"] for row in rows_of(settings)}
    assert after < before and len(before - after) == 1
    assert len(list((settings.extracts / "flu").iterdir())) == 2  # the extract and the link: no older one lies about
    assert renew(settings, "R-2026-001") == []


def test_an_extract_that_may_not_be_made_without_somebody_goes(settings: Settings) -> None:
    """Nobody who left stays in an extract because the others are too few for a new one."""
    publish(settings, RELEASE, PEOPLE)
    make(settings, declare(settings), RELEASE)
    publish(settings, AFTER, PEOPLE[:10])
    record(settings, RELEASE, AFTER, "R-2026-001")
    assert renew(settings, "R-2026-001") == ["flu"]
    assert current_extract(settings, "flu") is None


def test_an_extract_made_twice_has_the_same_bytes(settings: Settings) -> None:
    publish(settings, RELEASE, PEOPLE)
    project = declare(settings)
    first, again = (make(settings, project, RELEASE) for _ in range(2))
    assert first == again


def test_the_command_makes_it_and_the_audit_says_so(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    publish(settings, RELEASE, PEOPLE)
    declare(settings)
    assert main(["--project", "flu"]) == 0
    assert '"tables": {"hospital_stay": 24}' in capsys.readouterr().out
    lines = [line for path in settings.audit.glob("*.jsonl") for line in path.read_text().splitlines()]
    assert any(item["what"] == "extract" and item["project"] == "flu" for item in map(json.loads, lines))


def test_a_project_ends(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    publish(settings, RELEASE, PEOPLE)
    make(settings, declare(settings, PROJECT.replace("2099", "2020")), RELEASE)
    assert expired(settings, datetime.date(2026, 11, 22)) == ["flu"]
    assert main(["--project", "flu"]) == 65
    assert "DSC-004" in capsys.readouterr().err
    assert main(["--project", "nobody"]) == 78
    assert "DSC-001" in capsys.readouterr().err


BAD = {
    "epoch = 1": ("epoch = 0", "epoch"),
    '"stay_id"': ('"postcode"', "no column postcode"),
    'ghm = "rare"': ('ghm = "blur"', "no rule of these"),
    'age_years = "band_10"': ('age_years = "month"', "month is no rule"),
    "[tables.hospital_stay]": ("[tables.standard_stay]", "standard_stay"),
    "expires_on = 2099-01-01": ("expires_on = 2099-13-01", "no TOML"),
    'title = "t"': ("", "needs"),
    "months = {": ('departments = ["977"]\nmonths = {', "within 97Z"),
}


@pytest.mark.parametrize("place", BAD)
def test_a_bad_project_file_is_refused_with_its_place(settings: Settings, place: str) -> None:
    wrong, told = BAD[place]
    with pytest.raises(ConfigError, match=told) as error:
        declare(settings, PROJECT.replace(place, wrong))
    assert str(error.value).startswith("DSC-001: ")


def test_the_example_of_the_repository_is_sound() -> None:
    path = Path("config/projects/covid-stays.toml")
    value = tomllib.loads(path.read_text(encoding="utf-8"))
    assert parse_project(path.stem, value | {"expires_on": value["expires_on"].isoformat()}).epoch == 1
