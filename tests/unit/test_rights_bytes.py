"""Numbers in bytes, blanked lines, files without rows, pointers that name other files."""

from datetime import date
from types import SimpleNamespace

import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from jobs.core.attempt import attempt_folder
from jobs.core.keys import key_bytes
from jobs.core.schema import load_schema
from jobs.core.settings import Settings
from jobs.core.snapshot import DataFile, Pool, write_json
from jobs.core.tables import write_small
from jobs.core.tokens import text_hex
from jobs.pull.packs import pull_path
from jobs.rights.cut import Marks, cut_file
from jobs.rights.numbers import Seeker
from jobs.rights.pointers import replaced
from jobs.rights.refuse import without_erased_bytes
from jobs.rights.register import Entry, Register, save
from jobs.rights.spots import Spots, blanked, left_of, with_whole_exports
from tests.documents_made import archive

HERS, OTHER = "2480299999001", "1480299999001"


def seeker(settings: Settings, *numbers: str) -> Seeker:
    key = key_bytes(settings, "rights")
    return Seeker(settings, frozenset(text_hex(key, "number", one) for one in numbers))


def test_a_number_is_found_however_it_is_written(settings: Settings) -> None:
    found = seeker(settings, HERS, "24802" + "2A" + "999001")
    for text in (HERS, f"99{HERS}20", "2 48 02 99 999 001 20", "2-48-02-99-999-001", '"nir":"' + HERS + '"'):
        assert found.holds(text.encode("latin-1")), text
    assert found.holds(b"24802" + b"2a" + b"999001"), "Corsica, in lower case"
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "cp037", "cp500", "cp1140", "iso-8859-15"):
        assert found.holds(f"42{HERS}20".encode(encoding)), encoding
        assert not found.holds(f"42{OTHER}20".encode(encoding)), encoding
    assert found.places(("\n" + HERS).encode("cp500")) == [1]
    assert found.holds(("24802" + "2a" + "999001").encode("cp500")), "Corsica in EBCDIC"
    assert found.holds(archive({"a/b.xml": f"<id extension='{HERS}'/>".encode()}))
    assert found.holds(archive({f"{HERS}.xml": b"-"}))
    for text in (OTHER, HERS[:12], HERS[:6] + "x" + HERS[6:], "", "PK\x03\x04 damaged"):
        assert not found.holds(text.encode("latin-1")), text
    assert not seeker(settings).holds(HERS.encode())


def test_refused_bytes_with_an_erased_number_are_not_kept_whatever_they_are_written_in(
    spark: SparkSession, settings: Settings
) -> None:
    number = text_hex(key_bytes(settings, "rights"), "number", HERS)
    save(settings, Register((Entry("R1", "erasure", "2026-11-20", "DPO", (), numbers=frozenset({number})),)))
    texts = (f"42{HERS}20", f"42{OTHER}20", "nothing")
    encodings = ("latin-1", "cp037", "cp500", "cp1140", "utf-16", "utf-16-be")
    sent = [(f"{encoding} {text[2:3]}", text.encode(encoding)) for encoding in encodings for text in texts]
    frame = spark.createDataFrame(sent, "name string, bytes binary")
    context = SimpleNamespace(spark=spark, settings=settings)
    kept = {row.name for row in without_erased_bytes(context, frame).collect()}
    assert kept == {name for name, _ in sent if not name.endswith(" 2")}


def test_a_number_is_found_at_its_place_among_any_bytes(settings: Settings) -> None:
    found = seeker(settings, HERS)

    @given(before=st.binary(max_size=40), after=st.binary(max_size=40))
    def anywhere(before: bytes, after: bytes) -> None:
        assert len(before) in found.places(before + HERS.encode() + after)

    anywhere()


@given(lines=st.lists(st.binary(max_size=20).map(lambda one: one.replace(b"\r", b"").replace(b"\n", b"")), min_size=1))
def test_blanking_a_line_leaves_every_other_byte_where_it_is(lines: list[bytes]) -> None:
    data = b"\r\n".join([*lines, b"her line", *lines])
    place = len(b"\r\n".join([*lines, b""]))
    after, count = blanked(data, {place + 3, place + 5})
    assert count == 1
    assert len(after) == len(data)
    assert after == data[:place] + b" " * 8 + data[place + 8 :]
    assert blanked(after, {place}) == (after, 0), "again is nothing"


def child(name: str, subject: str, mother: str | None) -> dict[str, object]:
    """A claim of somebody."""
    row: dict[str, object] = dict.fromkeys(load_schema("identity/claim").names)
    row |= {"claim_id": name, "subject_id": subject, "mother_subject_id": mother, "holder_nir": HERS}
    return row | {"night": "n", "source": "s", "producer": "p", "delivery_id": "d", "birth_date": date(2000, 1, 1)}


def test_a_file_without_a_person_is_the_file_that_would_have_been_written(settings: Settings) -> None:
    schema, pool = load_schema("identity/claim"), Pool(settings.identity / "pool")
    rows = [child("1", "her", None), child("2", "kid", "her"), child("3", "else", None)]
    clean = [row | {"mother_subject_id": None, "holder_nir": None} for row in rows[1:]]
    cells = {"mother_subject_id": frozenset({"her"}), "holder_nir": frozenset({HERS})}
    marks = Marks({("subject_id",): frozenset({"her"})}, cells)
    with attempt_folder(settings) as attempt:
        whole, expected = (write_small(one, schema, pool, attempt) for one in (rows, clean))
        cut = cut_file(pool.path(whole), marks, pool, attempt)
        assert cut is not None
        assert (cut.before, cut.after, cut.rows, cut.cells) == (whole.sha256, expected, 1, 3)
        assert cut_file(pool.path(expected), marks, pool, attempt) is None
        alone = write_small(rows[:1], schema, pool, attempt)
        gone = cut_file(pool.path(alone), marks, pool, attempt)
    assert gone is not None
    assert (gone.after, gone.rows) == (None, 1)
    assert pq.read_table(pool.path(expected)).num_rows == 2


def test_of_several_columns_the_first_that_a_table_has_decides() -> None:
    marks = Marks({("subject_id",): frozenset("a"), ("stay_id",): frozenset("b"), ("x", "y"): frozenset("c")})
    assert marks.of(["stay_id", "subject_id"])[0] == [("subject_id",)]
    assert marks.of(["stay_id", "x", "y"])[0] == [("stay_id",)]
    assert marks.of(["y", "x"])[0] == [("x", "y")]
    assert marks.of(["x"])[0] == []


def test_a_pointer_names_the_new_files_and_keeps_its_shape() -> None:
    old, new, other = (DataFile(name * 64, 3, 9) for name in "abc")
    value = {
        "night": "2026-11-22",
        "tables": {"t": {"1": [old.to_json()], "2": [other.to_json()], "3": [other.to_json(), old.to_json()]}},
        "claims": [{"night": "2026-11-22", "files": [other.to_json()], "except": []}],
    }
    after = replaced(value, {old.sha256: new, other.sha256: None})
    assert after == {
        "night": "2026-11-22",
        "tables": {"t": {"1": [new.to_json()], "3": [new.to_json()]}},
        "claims": [{"night": "2026-11-22", "files": [], "except": []}],
    }
    assert replaced(value, {}) == value


def test_an_export_that_holds_the_person_goes_whole_and_a_package_beside_it_does_not(settings: Settings) -> None:
    def delivery(name: str, kind: str, *files: str) -> dict[str, object]:
        return {"producer": "D", "delivery_id": name, "format": kind, "files": [{"name": one} for one in files]}

    sent = [
        delivery("hers", "fhir-bulk", "Patient.ndjson", "DocumentReference.ndjson", "export.json"),
        delivery("others", "fhir-bulk", "Patient.ndjson", "export.json"),
        delivery("packages", "shared-record", "1.zip", "2.zip"),
    ]
    write_json(pull_path(settings, "shared_record", "2026-11-22"), {"deliveries": sent})
    spots = Spots(whole={("D", "hers", "DocumentReference.ndjson"), ("D", "packages", "1.zip")})
    with_whole_exports(settings, "shared_record", "2026-11-22", spots)
    every = {("D", "hers", name) for name in ("Patient.ndjson", "DocumentReference.ndjson", "export.json")}
    assert spots.whole == every | {("D", "packages", "1.zip")}


def test_what_is_left_of_a_part_keeps_its_places(settings: Settings) -> None:
    part = {"producer": "P", "delivery_id": "1", "file": "f", "offset": 100, "bytes": b"ab\r\ncd\r\n"}
    spots = Spots()
    spots.offsets["P", "1", "f"] |= {4, 104}  # the first lies in another part
    left, lines = left_of(part, spots)
    assert (left or {})["bytes"] == b"ab\r\n  \r\n" and lines == 1
    assert left_of(part, Spots()) == (part, 0)
    assert left_of(part, Spots(whole={("P", "1", "f")})) == (None, 0)
