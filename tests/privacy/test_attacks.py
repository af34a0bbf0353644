"""Attacks on what two nights published and on extracts of it; each is seen to succeed on a planted weakness."""

import hashlib
import hmac
import json
from base64 import b32encode
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import settings as settings_of_tests
from hypothesis import strategies as st

from bench import rekey as rekey_bench
from jobs.core.cli import run_job
from jobs.core.custody import files as key_files
from jobs.core.keys import NAMES, key_bytes, project_key
from jobs.core.settings import Settings, prepare_root
from jobs.core.snapshot import Pool, files_of, read_json, tables_from_json
from jobs.core.tokens import text_base32
from jobs.extract.make import current_extract, make
from jobs.extract.project import Project, parse_project
from jobs.reference.lists import merged
from jobs.report.linkage import shown_linkage
from jobs.report.programme import forced
from tests.linkage import linkage_quality
from tests.nights import FIRST, SECOND, Nights, command
from tests.privacy import attacks
from tests.privacy.solver import solved_cells

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


# -- membership over a rotation ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def rotated(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A release of 900 rows of 300 persons before and after a rotation, and the truth: new pseudonym by old one."""
    settings = prepare_root(tmp_path_factory.mktemp("rotated") / "root", "synthetic")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VEILLEE_ROOT", str(settings.root))
        patch.setattr(key_files.secrets, "token_bytes", lambda size: bytes(range(7, 7 + size)))
        rekey_bench.build(settings, 900)
        old = key_bytes(settings, "centre", 1)
        before = in_files((settings.published / "current").resolve())
        patch.setattr(key_files.secrets, "token_bytes", lambda size: bytes(range(77, 77 + size)))
        assert command("jobs.rekey") == 0
    new, view = key_bytes(settings, "centre", 2), (settings.published / "current").resolve()
    people = duckdb.sql(f"select person_id from '{settings.crosswalk}/pool/*/*.parquet'").fetchall()
    truth = {f"1.{text_base32(old, 'person', one)}": f"2.{text_base32(new, 'person', one)}" for (one,) in people}
    return {"before": before, "after": in_files(view), "truth": truth, "view": view}


def in_files(view: Path) -> dict[str, list[str]]:
    """Pseudonyms of each table in the order in which its files first tell them."""
    found: dict[str, dict[str, None]] = {}
    for path in sorted(view.glob("*/*.parquet")):
        for name in pq.read_table(path, columns=["pseudonym"])["pseudonym"].to_pylist():
            found.setdefault(path.parent.name, {})[name] = None
    return {table: list(names) for table, names in found.items()}


def test_a_person_is_not_followed_over_a_rotation_without_the_map(rotated: dict[str, Any]) -> None:
    """Of 300 guesses one is right by chance; rows that a person knows are another matter (docs/explanation)."""
    assert sorted(rotated["before"]) == ["dispensation", "person"]
    for table, before in rotated["before"].items():
        after = rotated["after"][table]
        assert {rotated["truth"][one] for one in before} == set(after) and len(after) == 300
        for means, pairs in attacks.followed(before, after).items():
            assert sum(rotated["truth"][old] == new for old, new in pairs) <= 6, f"{table} by {means}"
        assert attacks.changed_apart([set(before), set(after)], BELOW) == []
    said = "".join(path.read_text(encoding="utf-8") for path in rotated["view"].rglob("*.json"))
    assert not any(old in said for old in rotated["truth"])


def test_what_keeps_place_order_or_text_over_a_rotation_is_found(rotated: dict[str, Any]) -> None:
    before, truth = rotated["before"]["person"], rotated["truth"]
    counter = {old: f"2.{rank:026d}" for rank, old in enumerate(sorted(before))}
    tail = {old: "2." + truth[old][2:20] + old[-8:] for old in before}
    weak = {"place": truth, "order": counter, "text": tail}
    for means, renamed in weak.items():
        after = [renamed[old] for old in before] if means == "place" else sorted(renamed.values(), reverse=True)
        pairs = attacks.followed(before, after)[means]
        assert sum(renamed[old] == new for old, new in pairs) == len(before), means


def test_pseudonyms_that_change_a_few_at_a_date_are_found() -> None:
    everybody = {f"1.{one}" for one in range(50)}
    gradual = everybody - {"1.7", "1.8"} | {"2.a", "2.b"}
    assert attacks.changed_apart([everybody, gradual], BELOW) == [({"1.7", "1.8"}, {"2.a", "2.b"})]


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


TIERS = st.sampled_from([*attacks.LINKED, "decision", "new_person"])
PEOPLE = st.lists(
    st.tuples(
        st.sampled_from(["hospital", "pharmacy", "shared_record"]), st.sampled_from("12"), TIERS, st.integers(1, 30)
    ),
    min_size=1,
    max_size=12,
)


def told_of(people: list[tuple[str, str, str, int]]) -> dict[str, Any]:
    """The counts of a night as the ledger has them; each entry: source, sex, rule, how many subjects."""

    def grouped(place: int) -> dict[str, dict[str, int]]:
        found: dict[str, dict[str, int]] = {}
        for one in people:
            cells = found.setdefault(
                one[place], dict.fromkeys((*attacks.LINKED, "new_person", "linked", "subjects"), 0)
            )
            for name in {one[2], "subjects", "new_person" if one[2] == "new_person" else "linked"} & set(cells):
                cells[name] += one[3]
        return found

    tiers: dict[str, int] = {}
    for _, _, tier, count in people:
        tiers[tier] = tiers.get(tier, 0) + count
    subjects = sum(tiers.values())
    fixed = {"largest_person": 1, "merges": 0, "splits": 0, "queue": {}, "decisions": {}}
    spread: dict[str, dict[str, int]] = {"numbers_per_person": {}, "persons_per_number": {}}
    shown = {"tiers": tiers, "subjects": subjects, "persons": subjects, "by_source": grouped(0)}
    return shown | {"groups": {"sex": grouped(1)}} | fixed | spread


# Source, sex, rule, subjects of a night in which one sum after the other says nothing and all together say one cell.
BY_ALL_SUMS = [
    ("pharmacy", "2", "number_birth_date", 21), ("hospital", "2", "score", 21), ("pharmacy", "1", "score", 4),
    ("shared_record", "1", "number_first_name", 25), ("shared_record", "1", "new_person", 1),
    ("shared_record", "2", "new_person", 18), ("shared_record", "2", "number_birth_date", 12),
    ("pharmacy", "2", "decision", 24), ("hospital", "2", "number_birth_date", 6),
]  # fmt: skip


@settings_of_tests(max_examples=40)
@given(PEOPLE)
@example(BY_ALL_SUMS)
@example([("hospital", "1", "score", 10), ("pharmacy", "1", "score", 10)])  # two hidden tens of a total of twenty
@example([(source, "1", "score", 1) for source in ("hospital", "pharmacy")] + [("hospital", "2", "new_person", 8)])
def test_no_cell_by_source_or_group_can_be_recomputed(people: list[tuple[str, str, str, int]]) -> None:
    """Rates, margins, every dimension beside the others and the whole night above them; one by one and all at once."""
    cells = attacks.linkage_cells(shown_linkage(told_of(people), BELOW), BELOW)
    assert attacks.recomputed_cells(*cells) == {} == solved_cells(*cells)


@pytest.mark.parametrize("night", [FIRST, SECOND])
def test_no_cell_of_a_report_can_be_recomputed(nights: Nights, night: str) -> None:
    facts = json.loads((nights.settings.reports / night / "run.json").read_text(encoding="utf-8"))
    bounds, sums, rates = attacks.linkage_cells(facts["linkage"], BELOW)
    assert {cell[0] for cell in bounds} >= {"", "source", "age_band", "sex", "department", "born_abroad"}
    assert attacks.recomputed_cells(bounds, sums, rates) == {}
    if night == SECOND:
        assert solved_cells(bounds, sums, rates) == {}


def test_a_solver_finds_what_one_sum_after_the_other_does_not() -> None:
    """Three hidden cells, of which every two are ten together: five each."""
    a, b, c, ten = [("d", name, "m") for name in ("a", "b", "c", "ten")]
    bounds = {a: (1, 10), b: (1, 10), c: (1, 10), ten: (10, 10)}
    sums: attacks.Sums = [(ten, [a, b]), (ten, [b, c]), (ten, [a, c])]
    assert attacks.recomputed_cells(bounds, sums, {}) == {}
    assert solved_cells(bounds, sums, {}) == {a: 5, b: 5, c: 5}
    assert forced(bounds, sums, [], {a, b}) == {a, b}, "and the report asks a solver before it shows them"
    assert forced(bounds, sums[:2], [], {a, b}) == set()
    assert forced(bounds | {ten: (30, 30)}, sums, [], {a}) == {a}, "what contradicts itself is not shown"


def test_a_hidden_cell_beside_an_exact_margin_is_recomputed() -> None:
    shown = shown_linkage(told_of([("hospital", "1", "score", 4), ("pharmacy", "1", "score", 11)]), BELOW)
    bounds, sums, rates = attacks.linkage_cells(shown, BELOW)
    exact = {("", "", "score"): (15, 15), ("source", "pharmacy", "score"): (11, 11)}
    found = attacks.recomputed_cells(bounds | exact, sums, rates)
    assert found["source", "hospital", "score"] == 4


# -- over-merge --------------------------------------------------------------------------------------------------------


def test_no_child_is_published_under_its_mother_s_pseudonym(nights: Nights) -> None:
    assert linkage_quality(nights.settings, SECOND)["linked_to_mother"] == 0
