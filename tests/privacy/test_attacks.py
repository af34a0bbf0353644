"""Attacks on what two nights published and on extracts of it; each is seen to succeed on a planted weakness."""

import hashlib
import hmac
import json
from base64 import b32encode
from collections.abc import Iterator
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.core.cli import run_job
from jobs.core.keys import NAMES, key_bytes, project_key
from jobs.core.settings import Settings
from jobs.core.snapshot import Pool, files_of, read_json, tables_from_json
from jobs.core.tokens import text_base32
from jobs.extract.make import current_extract, make
from jobs.extract.project import Project, parse_project
from jobs.reference.lists import merged
from jobs.report.masking import coarse, mask_parts
from tests.linkage import linkage_quality
from tests.nights import FIRST, SECOND, Nights
from tests.privacy import attacks

BELOW = 11
COLUMNS = ["pseudonym", "dispensed_on", "age_years", "sex", "atc"]


def project(name: str, **more: Any) -> Project:
    """A project that sees dispensations, as far as a small night has enough persons in a class."""
    table = {"columns": COLUMNS, "generalise": {"dispensed_on": "year", "age_years": "band_10", "atc": "rare"}}
    fixed = {"title": "t", "purpose": "p", "responsible": "r", "epoch": 1, "expires_on": "2099-01-01"}
    months = {"months": {"from": "2024-01", "to": "2026-11"}, "max_suppressed": 1.0}
    return parse_project(name, fixed | months | {"tables": {"dispensation": table}} | more)


@pytest.fixture(scope="module")
def release(nights: Nights) -> Path:
    return (nights.settings.published / "current").resolve()


@pytest.fixture(scope="module")
def extracts(nights: Nights, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Three extracts, in a root of their own that borrows the release: two projects, and one that caps rows."""
    borrowed = tmp_path_factory.mktemp("extracts")
    for zone in ("published", "keys", "root.json"):
        (borrowed / zone).symlink_to(nights.settings.root / zone)
    settings, found = Settings(borrowed), {}
    for name, more in (("flu", {}), ("gout", {}), ("capped", {"max_rows_per_person": 1})):
        make(settings, project(name, **more), (settings.published / "current").readlink().name)
        folder = current_extract(settings, name)
        assert folder is not None
        found[name] = folder / "dispensation.parquet"
    return found


def planted(folder: Path, **columns: list[Any]) -> Path:
    """A small Parquet file with a weakness."""
    (folder / "t").mkdir(exist_ok=True)
    path = folder / "t" / "planted.parquet"
    pq.write_table(pa.table(columns), path)
    return path


# -- a dictionary of all numbers ---------------------------------------------------------------------------------------


def test_no_published_value_is_a_function_of_a_number_that_can_be_listed(
    release: Path, extracts: dict[str, Path]
) -> None:
    values = attacks.tokens_in([*release.glob("*/*.parquet"), *extracts.values()])
    assert len(values) > 1000
    assert attacks.dictionary(values, attacks.numbers_of_department(1957, "99")) == []


@pytest.mark.parametrize("guess", [None, *attacks.GUESSES])
def test_a_number_hashed_or_under_a_guessable_key_is_found(guess: bytes | None) -> None:
    number = next(attacks.numbers_of_department(1957, "99"))
    message = number.encode()
    digest = hashlib.sha256(message).digest() if guess is None else hmac.new(guess, message, hashlib.sha256).digest()
    for told in (digest.hex(), digest.hex()[:32], "1." + b32encode(digest).decode()[:26]):
        assert attacks.dictionary({told}, [number]) == [number]


# -- keys and identities in what jobs leave ----------------------------------------------------------------------------


def every_key(settings: Settings) -> dict[str, bytes]:
    names = [name for name in NAMES if (settings.keys / f"{name}.v1.key").is_file()]
    return {name: key_bytes(settings, name) for name in names} | {"project": project_key(settings, "flu", 1)}


def test_no_zone_holds_a_key(nights: Nights, extracts: dict[str, Path]) -> None:
    keys = every_key(nights.settings)
    assert len(keys) >= 4
    assert attacks.key_in_files(nights.settings.root, keys, spared=("keys",)) == []
    assert attacks.key_in_files(next(iter(extracts.values())).parents[2], keys) == []


@pytest.mark.parametrize("told", [bytes, bytes.hex, lambda key: key.hex().upper()], ids=["raw", "hex", "HEX"])
def test_a_key_left_in_a_file_is_found(tmp_path: Path, told: Any) -> None:
    key = bytes(range(32))
    text = told(key)
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "task.log").write_bytes(text if isinstance(text, bytes) else f"key={text}".encode())
    assert len(attacks.key_in_files(tmp_path, {"centre": key})) == 1


@pytest.mark.parametrize("where", ["message", "cause"])
def test_a_job_that_fails_on_an_identity_does_not_repeat_it(settings: Settings, where: str) -> None:
    number = "2571499999017"

    def job(settings: Settings, night: str, source: str | None) -> dict[str, Any]:
        """A defect that quotes what it read."""
        try:
            raise ValueError(f"cannot cast '{number}'")
        except ValueError as error:
            raise RuntimeError("wrapped" if where == "cause" else str(error)) from error

    said = StringIO()
    with redirect_stderr(said):
        assert run_job("link", job, ["--night", FIRST]) == 1
    assert "unexpected RuntimeError" in said.getvalue()
    assert number not in said.getvalue()


# -- across projects ---------------------------------------------------------------------------------------------------


def test_two_projects_cannot_be_joined(extracts: dict[str, Path]) -> None:
    assert len(attacks.tokens_in([extracts["flu"]])) > 100
    assert attacks.shared_tokens([extracts["flu"]], [extracts["gout"]]) == set()
    shared = attacks.same_sequences(extracts["flu"], extracts["gout"], ["dispensed_on", "atc"])
    capped = attacks.same_sequences(extracts["flu"], extracts["capped"], ["dispensed_on", "atc"], least=1)
    assert capped <= 0.05 < shared  # whoever sees all of a person's rows is recognised by them: hence the cap


def test_projects_under_one_key_are_joined(extracts: dict[str, Path]) -> None:
    assert attacks.shared_tokens([extracts["flu"]], [extracts["flu"]])


# -- frequency ---------------------------------------------------------------------------------------------------------


def whose_tokens(nights: Nights, name: str) -> dict[str, str]:
    """The truth that only a test has: the project's token of each published pseudonym."""
    key = project_key(nights.settings, name, 1)
    view = (nights.settings.published / "current").resolve()
    names = duckdb.sql(f"select distinct pseudonym from '{view}/dispensation/*.parquet'").fetchall()
    return {f"1.{text_base32(key, 'person', name)}": name for (name,) in names}


def heaviest(release: Path, count: int) -> list[str]:
    rows = duckdb.sql(
        f"select pseudonym from '{release}/dispensation/*.parquet' group by 1 order by count(*) desc, 1 limit {count}"
    ).fetchall()
    return [row[0] for row in rows]


def test_heavy_users_are_found_no_better_than_by_chance_once_rows_are_capped(
    nights: Nights, release: Path, extracts: dict[str, Path]
) -> None:
    known = heaviest(release, 20)
    whose = {name: whose_tokens(nights, name) for name in ("capped", "flu")}
    hits, chance = attacks.heavy_users(extracts["capped"], known, whose["capped"])
    assert hits <= max(2 * chance, 4)
    hits, chance = attacks.heavy_users(extracts["flu"], known, whose["flu"])
    assert hits > 2 * chance  # the weakness: without a cap an outside list of heavy users works


# -- order -------------------------------------------------------------------------------------------------------------


def positions(nights: Nights) -> list[list[tuple[int, int]]]:
    """Per pharmacy and file of the release, where a customer's first row lay in the delivery and lies in the file."""
    settings = nights.settings
    state = read_json(settings.standard / "pharmacy" / SECOND / "state.json")
    pool, key = Pool(settings.standard / "pharmacy" / "pool"), key_bytes(settings, "centre")
    files = [str(pool.path(file)) for file in files_of(tables_from_json(state["tables"])["dispensation"])]
    sent = duckdb.sql(f"select dispensation_id, pharmacy_id, subject_id, record from read_parquet({files})").fetchall()
    arrived = {
        text_base32(key, "token", token): (pharmacy, subject, record) for token, pharmacy, subject, record in sent
    }
    found: dict[tuple[str, str], dict[str, tuple[int, int]]] = {}
    for path in sorted((settings.published / "current").resolve().glob("dispensation/*.parquet")):
        for position, token in enumerate(
            pq.read_table(path, columns=["dispensation_id"])["dispensation_id"].to_pylist()
        ):
            pharmacy, subject, record = arrived[token]
            found.setdefault((pharmacy, path.name), {}).setdefault(subject, (record, position))
    return [list(pairs.values()) for pairs in found.values() if len(pairs) >= 30]


def test_the_order_of_rows_says_nothing_of_the_order_of_arrival(nights: Nights) -> None:
    found = positions(nights)
    assert found
    for pairs in found:
        assert abs(attacks.rank_correlation(pairs)) < 4 / len(pairs) ** 0.5


def test_rows_left_in_their_order_are_found() -> None:
    assert attacks.rank_correlation([(n, 3 * n) for n in range(200)]) == 1


# -- singling out, rare values -----------------------------------------------------------------------------------------


def test_an_extract_singles_nobody_out_by_what_its_sets_declare(extracts: dict[str, Path]) -> None:
    assert attacks.singled_out(extracts["flu"], ["age_years", "sex"], BELOW) == []
    few = {code for (code,) in attacks.singled_out(extracts["flu"], ["atc"], BELOW)}
    assert few <= {"other", None}  # what cannot be merged any further says nothing


def test_somebody_alone_is_singled_out(tmp_path: Path) -> None:
    path = planted(tmp_path, pseudonym=["a", "b", "c"], age_years=[40, 40, 41], sex=["1", "1", "1"])
    assert attacks.singled_out(path, ["age_years", "sex"], 2) == [(41, "1")]


def test_no_exact_birthday_great_age_or_small_place(release: Path, nights: Nights) -> None:
    assert attacks.too_exact(release, set(merged(nights.settings, "commune"))) == []


@pytest.mark.parametrize(
    ("column", "values"),
    [("birth_date", ["1957-03-14"]), ("age_years", [97]), ("place", ["01001", "01002", "01004", "01005", "01006"])],
)
def test_what_is_too_exact_is_found(tmp_path: Path, column: str, values: list[Any]) -> None:
    planted(tmp_path, **{column: values})
    assert len(attacks.too_exact(tmp_path, {"01001", "01002", "01004", "01005", "01006"})) == 1


def test_no_file_answers_whether_a_value_was_in_it(release: Path, extracts: dict[str, Path], tmp_path: Path) -> None:
    assert attacks.blooms([*sorted(release.glob("*/*.parquet")), *extracts.values()]) == []
    weak = tmp_path / "weak.parquet"
    duckdb.sql(f"copy (select 'n' || (range % 9) as a from range(5000)) to '{weak}' (format parquet)")
    assert attacks.blooms([weak]) == [str(weak)]


# -- complement --------------------------------------------------------------------------------------------------------


def shown_parts(nights: Nights, night: str) -> Iterator[tuple[dict[str, int | None], tuple[int, int]]]:
    """Masked parts of a night's report with the bounds that its rounded total gives."""
    facts = json.loads((nights.settings.reports / night / "run.json").read_text(encoding="utf-8"))
    total = facts["linkage"]["subjects"]
    yield facts["linkage"]["tiers"], (total, total + 9) if total is not None else (1, BELOW - 1)


@pytest.mark.parametrize("night", [FIRST, SECOND])
def test_no_hidden_count_of_a_report_can_be_recomputed(nights: Nights, night: str) -> None:
    for parts, total in shown_parts(nights, night):
        assert attacks.recomputed(parts, total, BELOW) == {}


@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 60), min_size=1))
def test_masked_parts_of_any_table_hold(parts: dict[str, int]) -> None:
    told = coarse(sum(parts.values()), BELOW)
    bounds = (told, told + 9) if told is not None else (1, BELOW - 1)
    assert attacks.recomputed(mask_parts(parts, BELOW), bounds, BELOW) == {}


def test_a_lone_hidden_part_of_an_exact_total_is_recomputed() -> None:
    assert attacks.recomputed({"a": None, "b": 95}, (100, 100), BELOW) == {"a": 5}
    assert attacks.recomputed({"a": None, "b": None, "c": 98}, (100, 100), BELOW) == {"a": 1, "b": 1}


# -- over-merge --------------------------------------------------------------------------------------------------------


def test_no_child_is_published_under_its_mother_s_pseudonym(nights: Nights) -> None:
    assert linkage_quality(nights.settings, SECOND)["linked_to_mother"] == 0
