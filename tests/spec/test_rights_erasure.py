"""Erasure (D-11) through real nights of three sources: searched for in every file; it does not come back."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from jobs.core.cli import SOURCES
from jobs.core.keys import ensure_key, key_bytes
from jobs.core.settings import Settings, prepare_root
from jobs.core.snapshot import read_json
from jobs.core.tokens import text_hex
from jobs.release.publish import current_release, kept_releases
from jobs.replay.__main__ import main as replay
from jobs.rights import erasure
from jobs.rights.numbers import readings
from jobs.rights.refuse import Kept, by_local_number
from jobs.rights.register import KEY, Entry, entry_of
from jobs.rights.register import NUMBER as NUMBER_TOKEN
from jobs.rights.request import Identifier, Request
from jobs.rights.resolve import known, resolve
from jobs.rollback.__main__ import rollback
from ops.leaks import texts_of
from tests import deposits
from tests.documents_made import document, ins, package, patient
from tests.hospital_lines import FINESS, file_of, rss, vid
from tests.spec.link_cases import claim, subject
from tests.spec.national_cases import store
from tests.spec.rights_cases import NUMBER, STAYS, ask, counts, everything, national, published, stay, with_key

FIRST, SECOND, THIRD = "2026-11-22", "2026-11-23", "2026-11-24"
PHARMACY, RECORD = "992000018", "RECORD1"
HER, HIM = "2480299999001", "1480299999001"  # born on 14 February 1948
LATER = "2710799999005"
YEAR, DAY = ("2026-01-01", "2026-10-31"), ("2026-11-20", "2026-11-20")
HEADER = (
    "ticket_id;line_id;event_type;event_ts_local;patient_nir;patient_nir_key;birth_date;sex;family_name;given_name;"
    "code_raw;quantity_signed;amount_total"
)


def her_stay(stay: str, **more: str) -> tuple[bytes, bytes]:
    """A stay of hers and its identity line, under the hospital's own number for her."""
    identity = vid(
        stay, version="V016", insured_nir=HER, insured_nir_key=with_key(HER)[13:], sex="2", patient_ipp="IPPZOE77"
    )
    return rss(stay, rss_id=stay, sex="2", **more), identity


def his_stay(stay: str) -> tuple[bytes, bytes]:
    return rss(stay, rss_id=stay), vid(stay, version="V016", patient_ipp="IPPBOB88")


def sale(ticket: str, number: str, birth: str = "14/02/1948", name: str = ";", amount: str = "4,36") -> str:
    who = f"{number};{with_key(number)[13:]};{birth};{number[0]};{name}"
    return f"{ticket};1;sale;20/11/2026 10:00:00;{who};3400935955838;2;{amount}"


WITHOUT_NUMBER = "T6;1;sale;20/11/2026 10:00:00;;;14/02/1948;2;ZOELASTNAME;ZOE;3400935955838;1;2,18"


def told(number: str, name: str) -> str:
    """The patient of a document."""
    ids = f'<id root="1.2.250.1.213.1.4.8" extension="{ins(number)}"/><id root="2.25.80" extension="{number[:1]}"/>'
    who = {"ids": ids, "family": name, "birth": "19480214"}
    return patient(**who, given=name, gender="F" if number == HER else "M")


def hospital_files(*stays: tuple[bytes, bytes]) -> dict[str, bytes]:
    return {"rss.txt": file_of(*[one for one, _ in stays]), "vid.txt": file_of(*[one for _, one in stays])}


def first_deliveries(settings: Settings) -> None:
    broken = her_stay("ZOEBROKEN", unit_entry_date="99999999")
    files = hospital_files(her_stay("ZOESTAY1"), his_stay("BOBSTAY1"), broken)
    deposits.deposit(settings, "hospital", FINESS, "H1", files, covers=YEAR)
    lines = [
        HEADER,
        sale("T1", HER, name="ZOELASTNAME;ZOE"),
        sale("T2", HIM, name="BOBNAME;BOB"),
        sale("T3", HER, birth="05/05/2015", name="CHILD;KIM"),
        sale("T4", HER, name="ZOELASTNAME;ZOE", amount="deux"),
        sale("T5", HIM, name="BOBNAME;BOB", amount="deux"),
        *[WITHOUT_NUMBER] * 2,
    ]
    text = "".join(one + "\r\n" for one in lines).encode("cp1252")
    deposits.deposit(settings, "pharmacy", PHARMACY, "P1", {"v.csv": text}, covers=DAY, mode="append")
    hers, his = document("2.25.1", who=told(HER, "ZOELASTNAME")), document("2.25.2", who=told(HIM, "BOBNAME"))
    packed_hers = package(document("2.25.3", who=told(HER, "ZOELASTNAME")))
    both = package(document("2.25.6", who=told(HER, "ZOELASTNAME")), document("2.25.7", who=told(HIM, "BOBNAME")))
    dateless = document("2.25.5", who=told(HER, "ZOELASTNAME"), when="never")
    files = {"1.xml": hers.encode(), "2.xml": his.encode(), "3.zip": packed_hers, "4.zip": both}
    files |= {"ZOELASTNAME.xml": dateless.encode()}
    deposits.deposit(settings, "shared_record", RECORD, "D1", files, covers=DAY, mode="append")


def run(settings: Settings, night: str) -> None:
    """All three sources, closed as if check had let everything pass."""
    for source in SOURCES:
        deposits.load(settings, night, source)
        deposits.close(settings, night, source)
    national(settings, night)


@pytest.fixture(scope="module")
def root(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory):
    """A root after a published night with her."""
    with pytest.MonkeyPatch.context() as patch:
        settings = prepare_root(tmp_path_factory.mktemp("erasure") / "root", "synthetic")
        patch.setenv("VEILLEE_ROOT", str(settings.root))
        deposits.register(settings, (FINESS, "hospital"), (PHARMACY, "pharmacy"), (RECORD, "shared_record"))
        register = (settings.root / "producers.csv").read_text(encoding="utf-8")
        (settings.root / "producers.csv").write_text(register.replace("pharmacy-csv,,", "pharmacy-csv,standard,", 1))
        first_deliveries(settings)
        run(settings, FIRST)
        yield settings


def places(root: Path, *needles: str) -> list[str]:
    """Every file that holds one of some texts, in any column, footer, text or packed member."""
    found = []
    for path in sorted(root.rglob("*")):
        if path.is_file() and not path.is_symlink():
            texts = "\n".join([path.name, *[text for _, text in texts_of(path)], *packed(path)])
            if any(one in texts for one in needles):
                found.append(str(path.relative_to(root)))
    return found


def packed(path: Path) -> list[str]:
    """Members of packages, deposited or kept in a column of bytes."""
    data = [path.read_bytes()]
    if path.suffix == ".parquet" and pa.field("bytes", pa.binary()) in pq.read_schema(path):
        data = pq.read_table(path, columns=["bytes"], partitioning=None)["bytes"].to_pylist()
    return [one.decode("latin-1") for item in data for one in readings(item)]


def subjects(settings: Settings) -> list[str]:
    """Her subjects, as the sources make them."""
    key = key_bytes(settings, "collector")
    return [
        text_hex(key, "hospital", "patient", FINESS, "IPPZOE77"),
        text_hex(key, "shared_record", RECORD, f"ins:{HER}"),
    ]


HERS = (HER, "IPPZOE77", "ZOESTAY1", "ZOEBROKEN", "ZOELASTNAME")


def killed(*_: object) -> None:
    raise RuntimeError("stopped")


def test_an_erasure(root: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """One story, told in order: what is there, what goes, what stays, and what does not come back."""
    first = str(current_release(root))
    there = {path.split("/")[0] for path in places(root.root, *HERS)}
    assert there == {"landing", "raw", "work", "identity", "quarantine"}
    assert {path.split("/")[0] for path in places(root.root, *subjects(root))} == {"standard", "identity", "crosswalk"}
    before, his = counts(root), his_rows(root)
    assert before["hospital_stay"] == 2
    assert before["document"] == 3, "a package about two patients is refused"
    assert before["dispensation"] == 4, "one of hers has no number, and is told twice"

    request = {"source": "hospital", "producer": FINESS, "patient": "IPPZOE77"}
    with monkeypatch.context() as patch:
        patch.setattr(erasure, "rewrite_raw", killed)
        assert ask(root, "E-2026-1", "erasure", request) == 1
    assert places(root.landing, *HERS) == [] and places(root.raw, *HERS)
    assert ask(root, "E-2026-1", "erasure", request) == 0
    assert_gone(root, capsys.readouterr())
    after = counts(root)
    assert (after["hospital_stay"], after["document"], after["dispensation"]) == (1, 1, 2)
    assert his_rows(root) == his
    assert current_release(root) != first
    certificate_names_nobody(root)
    again = {zone: everything(root.root / zone) for zone in ("published", "standard", "identity", "raw", "ledger")}
    assert ask(root, "E-2026-1", "erasure", request) == 0
    assert {zone: everything(root.root / zone) for zone in again} == again

    capsys.readouterr()
    second_night(root)
    assert current_release(root) != first
    assert {name: n for name, n in counts(root).items() if name != "hospital_stay_change"} == {
        name: n for name, n in after.items() if name != "hospital_stay_change"
    } | {"dispensation": 3, "dispensation_net": after["dispensation_net"]}
    assert ask(root, "E-2026-1", "erasure", request) == 0
    assert_gone(root, capsys.readouterr())
    rollback(root, first)
    assert current_release(root) == kept_releases(root)[0]
    assert counts(root)["hospital_stay"] == 1


def test_a_record_s_own_number_finds_documents_that_bear_an_ins_as_well(root: Settings, spark: SparkSession) -> None:
    local = Identifier("patient", "1", "shared_record", RECORD, "2.25.80")
    entry = entry_of(root, Request("E-2026-3", "erasure", SECOND, "role", (local,)))
    his = text_hex(key_bytes(root, "collector"), "shared_record", RECORD, f"ins:{HIM}")
    assert his in resolve(root, known(spark, root), entry).subjects
    tonight = spark.createDataFrame([("a", "l"), ("b", "m"), ("l", "l")], "subject_id string, local_id string")
    result = SimpleNamespace(tables={"document_version": tonight})
    assert by_local_number(result, {"l"}) == {("a", "l")}  # type: ignore[arg-type]


def test_a_stay_names_its_patient_and_somebody_unknown_is_refused_at_first_sight(root: Settings) -> None:
    """Opposition by a stay's number of the hospital; erasure by a number that nobody has sent yet."""
    stay = {"source": "hospital", "producer": FINESS, "stay": "BOBSTAY1"}
    assert ask(root, "R-2026-1", "opposition", stay) == 0
    assert "hospital_stay" not in counts(root)
    assert read_json(root.ledger / "rights" / "R-2026-1.json")["runs"][0]["subjects"] >= 2
    assert ask(root, "E-2026-2", "erasure", {"nir": with_key(LATER)}) == 0
    certificate = root.ledger / "rights" / "E-2026-2.json"
    assert read_json(certificate)["runs"][0]["rules"] == ["RGT-004"]
    text = "".join(one + "\r\n" for one in (HEADER, sale("T20", LATER, birth="03/07/1971", name="LATERNAME;LEA")))
    deposits.deposit(root, "pharmacy", PHARMACY, "P3", {"v.csv": text.encode()}, covers=DAY, mode="append")
    deposits.load(root, THIRD, "pharmacy")
    deposited = {zone: everything(root.root / zone / "pharmacy") for zone in ("landing", "raw")}
    assert ask(root, "E-2026-2", "erasure", {"nir": with_key(LATER)}) == 75, "the night is read and open (RGT-006)"
    assert {zone: everything(root.root / zone / "pharmacy") for zone in deposited} == deposited
    run(root, THIRD)
    ledger = read_json(root.standard / "pharmacy" / THIRD / "state.json")["ledger"]
    told = {one.get("outcome") or one["event"]: one["count"] for one in ledger if one["delivery_id"] == "P3"}
    assert told == {"accepted": 1, "erased": 1}
    zones = ("standard", "identity", "crosswalk", "quarantine", "candidate", "published")
    assert [place for zone in zones for place in places(root.root / zone, LATER, "LATERNAME")] == []
    assert places(root.raw, LATER), "deposited bytes wait for the next run"
    assert ask(root, "E-2026-2", "erasure", {"nir": with_key(LATER)}) == 0
    assert places(root.root, LATER, "LATERNAME") == []
    assert len(read_json(certificate)["runs"]) == 2


def test_a_child_no_longer_names_the_mother(settings: Settings, spark: SparkSession) -> None:
    ensure_key(settings, KEY)
    mother, child, token = subject("H1:anna"), subject("H1:kim"), STAYS["anna", "2026-10"] * 32
    born = stay("anna", "2026-10") | {"subject_id": child, "stay_id": "5" * 32, "mother_stay_id": token}
    store(settings, settings.standard / "hospital", "standard/hospital_stay", [stay("anna", "2026-10"), born])
    of_child = claim("H1:kim", "2026-10-05", holder_nir=NUMBER["anna"], mother_subject_id=mother)
    store(settings, settings.identity, "identity/claim", [claim("H1:anna", own_nir=NUMBER["anna"]), of_child])
    number = text_hex(key_bytes(settings, KEY), NUMBER_TOKEN, NUMBER["anna"])
    entry = Entry("E-2026-1", "erasure", "2026-11-23", "role", ("x",), numbers=frozenset({number}))
    entry = replace(entry, subjects=frozenset({mother}), stays=frozenset({token}))
    erasure.clear_standard(settings, entry)
    erasure.clear_identity(settings, entry)
    (left,) = pool_rows(settings.standard / "hospital")
    assert (left["stay_id"], left["mother_stay_id"]) == ("5" * 32, None)
    (known,) = pool_rows(settings.identity)
    assert (known["subject_id"], known["mother_subject_id"], known["holder_nir"]) == (child, None, None)
    tonight = spark.createDataFrame([(mother, None), (child, token)], "subject_id string, mother_stay_id string")
    assert [tuple(row) for row in Kept([mother], [token]).of(tonight).collect()] == [(child, None)]


def pool_rows(zone: Path) -> list[dict[str, Any]]:
    """Rows of every file of a zone's pool."""
    return [row for path in sorted((zone / "pool").glob("*/*")) for row in pq.read_table(path).to_pylist()]


def his_rows(settings: Settings) -> dict[str, list[str]]:
    """Everything published about him and the child, as text."""
    content = published(settings)
    known = {row["pseudonym"] for row in content["dispensation"]}
    hers = {row["pseudonym"] for row in content["hospital_stay"] if row["sex"] == "2"}
    found = {
        name: sorted(str(row) for row in rows if row.get("pseudonym") in known - hers) for name, rows in content.items()
    }
    return {name: rows for name, rows in found.items() if rows}


def assert_gone(settings: Settings, said: "pytest.CaptureResult[str]") -> None:
    """Nothing of hers is in any file of any zone, nor was it said."""
    assert places(settings.root, *HERS) == []
    held = places(settings.root, *subjects(settings))
    assert all(path.startswith("identity/rights/") for path in held), held
    for needle in HERS:
        assert needle not in said.out + said.err


def certificate_names_nobody(settings: Settings) -> None:
    """The certificate counts by zone and table, with hashes, and holds no token of hers."""
    path = settings.ledger / "rights" / "E-2026-1.json"
    run = read_json(path)["runs"][0]
    assert run["zones"]["standard"]["tables"]["hospital_stay"]["rows"] == 1
    assert run["zones"]["quarantine"]["tables"]["quarantined_record"]["rows"] >= 3
    assert run["zones"]["landing"]["tables"].keys() == {f"landing {source}" for source in SOURCES}
    assert any(note.startswith("RGT-008") for note in run["notes"])
    for token in (*subjects(settings), *HERS):
        assert token not in path.read_text()


def second_night(settings: Settings) -> None:
    """Her year is repeated with a new stay, the pharmacy sells to her again, what was refused is replayed."""
    files = hospital_files(her_stay("ZOESTAY1"), his_stay("BOBSTAY1"), her_stay("ZOESTAY1B"))
    deposits.deposit(settings, "hospital", FINESS, "H2", files, covers=YEAR)
    lines = [HEADER, sale("T8", HER, name="ZOELASTNAME;ZOE"), sale("T9", HIM, name="BOBNAME;BOB")]
    lines.append(sale("T7", HER, name="ZOELASTNAME;ZOE", amount="trois"))
    text = "".join(one + "\r\n" for one in lines).encode("cp1252")
    deposits.deposit(settings, "pharmacy", PHARMACY, "P2", {"v.csv": text}, covers=DAY, mode="append")
    again = document("2.25.1", who=told(HER, "ZOELASTNAME"))
    deposits.deposit(settings, "shared_record", RECORD, "D2", {"1.xml": again.encode()}, covers=DAY, mode="append")
    for delivery in ("P1", "D1", "H1"):
        assert replay(["--delivery", delivery]) == 0
    run(settings, SECOND)
    events = {}
    for source in SOURCES:
        state = read_json(settings.standard / source / SECOND / "state.json")
        for one in state["ledger"]:
            if one.get("event") == "erased":
                events[source, one["delivery_id"]] = one["count"]
    assert events == {("hospital", "H2"): 4, ("pharmacy", "P2"): 1, ("shared_record", "D2"): 1}
    for zone in ("standard", "crosswalk", "identity", "quarantine", "published", "candidate"):
        assert [one for one in places(settings.root / zone, *HERS, *subjects(settings)) if "rights/" not in one] == []
