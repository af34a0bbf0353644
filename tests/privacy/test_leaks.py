"""No identity outside the zones that hold identities; the search has been seen to find one in each zone and form."""

import base64
import hashlib
import json
import shutil
import sqlite3
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.core.settings import Settings
from ops.leaks import SILENT_ZONES, common_words, leaks
from ops.needles import Needles, claimed_needles, key_of, needles_of
from tests.nights import Nights

PERSON = {
    "own_nir": "2571499999017",
    "holder_nir": None,
    "ins": None,
    "family_name": "Quetzalouviers",
    "used_name": None,
    "first_given_name": "Ethelvine",
    "birth_date": date(1957, 3, 14),
}
NIR = str(PERSON["own_nir"])


@pytest.fixture(scope="module")
def planted_needles() -> Needles:
    return needles_of([PERSON], common_words())


def test_two_nights_leave_no_identity_outside_its_zones(nights: Nights) -> None:
    needles = claimed_needles(nights.settings, common_words())
    assert len(needles.numbers) > 100
    assert len(needles.names) > 50
    assert leaks(nights.settings, needles) == []


def test_the_truth_s_own_numbers_are_among_those_sought(nights: Nights) -> None:
    """The search takes its numbers from the claims; most of them must be numbers that the simulator gave somebody."""
    sought = claimed_needles(nights.settings, set()).numbers
    given = {
        number
        for path in nights.settings.truth.glob("*/person.parquet")
        for number in pq.read_table(path, columns=["nir"])["nir"].to_pylist()
    }
    assert len(sought & given) > 0.9 * len(sought)


def test_letters_of_a_token_are_no_name(planted_needles: Needles) -> None:
    token = "W4ETHELVINE7FDGJANHMKOLYCP"
    assert list(planted_needles.found_in(f"1.{token},{token}")) == []
    for text in ("W4 ETHELVINE", f"{token}A", token[:-1]):
        assert list(planted_needles.found_in(text)) == ["name"], text


def in_column(zone: Path, text: str) -> None:
    pq.write_table(pa.table({"a": ["x", text]}), zone / "t.parquet", compression="zstd")


def in_dictionary(zone: Path, text: str) -> None:
    """A value that no row uses any more still lies in the dictionary page."""
    values = pa.DictionaryArray.from_arrays(pa.array([0, 0], pa.int32()), pa.array(["x", text]))
    pq.write_table(pa.table({"a": values}), zone / "t.parquet", compression="zstd")


def in_statistics(zone: Path, text: str) -> None:
    pq.write_table(pa.table({"a": [text]}), zone / "t.parquet", compression="zstd", use_dictionary=False)


def in_footer(zone: Path, text: str) -> None:
    table = pa.table({"a": ["x"]}).replace_schema_metadata({"comment": text})
    pq.write_table(table, zone / "t.parquet")


def in_text(zone: Path, text: str) -> None:
    (zone / "run.json").write_text(json.dumps({"note": f"seen {text} today"}), encoding="utf-8")


def in_page(zone: Path, text: str) -> None:
    (zone / "index.html").write_text(f"<td>{text}</td>", encoding="utf-8")


def in_database(zone: Path, text: str) -> None:
    with sqlite3.connect(zone / "airflow.db") as connection:
        connection.execute("create table log (extra text)")
        connection.execute("insert into log values (?)", (f"args {text}",))


def in_name(zone: Path, text: str) -> None:
    (zone / f"letter {text}.txt").write_text("nothing", encoding="utf-8")


PLACES: list[Callable[[Path, str], None]] = [
    in_column,
    in_dictionary,
    in_statistics,
    in_footer,
    in_text,
    in_page,
    in_database,
    in_name,
]
FORMS = {
    "13 characters": NIR,
    "15 characters": NIR + key_of(NIR),
    "sha256 hexadecimal": hashlib.sha256(NIR.encode()).hexdigest(),
    "sha1 of 15, capitals": hashlib.sha1((NIR + key_of(NIR)).encode()).hexdigest().upper(),
    "md5": hashlib.md5(NIR.encode()).hexdigest(),
    "half of sha256": hashlib.sha256(NIR.encode()).hexdigest()[:32],
    "base64 of sha256": base64.b64encode(hashlib.sha256(NIR.encode()).digest()).decode(),
    "base32 as a pseudonym": "1." + base64.b32encode(hashlib.sha256(NIR.encode()).digest()).decode()[:26],
    "family name": "QUETZALOUVIERS",
    "given name": "Ethelviné",
    "birth date": "1957-03-14",
    "birth date in French": "14/03/1957",
    "birth date in digits": "19570314",
}


@pytest.mark.parametrize("zone", SILENT_ZONES)
@pytest.mark.parametrize("plant", PLACES, ids=lambda plant: plant.__name__)
def test_a_number_planted_in_any_zone_and_place_is_found(
    settings: Settings, planted_needles: Needles, zone: str, plant: Callable[[Path, str], None]
) -> None:
    assert leaks(settings, planted_needles) == []
    plant(settings.root / zone, NIR)
    found = leaks(settings, planted_needles)
    assert found
    assert NIR not in "".join(item.rsplit(": ", 1)[1] for item in found)


@pytest.mark.parametrize("form", FORMS)
def test_an_identity_planted_in_any_form_is_found(settings: Settings, planted_needles: Needles, form: str) -> None:
    for plant in (in_column, in_text):
        folder = settings.published / "release"
        folder.mkdir()
        plant(folder, FORMS[form])
        assert leaks(settings, planted_needles), plant.__name__
        shutil.rmtree(folder)


def test_logs_and_database_of_the_scheduler_are_searched_too(
    settings: Settings, planted_needles: Needles, tmp_path: Path
) -> None:
    airflow = tmp_path / "airflow"
    airflow.mkdir()
    in_database(airflow, NIR)
    (airflow / "task.log").write_text(f"failed on {NIR}", encoding="utf-8")
    assert len(leaks(settings, planted_needles, (airflow,))) >= 2


def test_what_only_looks_like_an_identity_is_left_alone(settings: Settings, planted_needles: Needles) -> None:
    in_text(settings.reports, "2571499999018 and 2026-03-14 and QUETZAL and " + "0" * 64)
    assert leaks(settings, planted_needles) == []
