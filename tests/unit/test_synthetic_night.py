"""A whole night: the same bytes again, coherence across sources, mess where the truth says, synthetic roots only."""

import hashlib
import json
from pathlib import Path

import jsonschema
import pandas as pd
import pyarrow.parquet as pq
import pytest

from jobs.core.register import load_register
from jobs.core.settings import REPOSITORY, Settings, prepare_root
from synthetic.__main__ import main
from synthetic.emergency import FAULTS as EMERGENCY_FAULTS
from synthetic.mess_hospital import FAULTS as HOSPITAL_FAULTS
from synthetic.mess_pharmacy import FAULTS as PHARMACY_FAULTS
from synthetic.mess_shared_record import FAULTS as DOCUMENT_FAULTS

NIGHT, NEXT = "2026-11-22", "2026-11-23"
SMALL = ["--persons", "1500", "--hospitals", "3", "--pharmacies", "10", "--documents", "300"]
FILES = ("rss.txt", "vid-hosp.txt", "hosp-pmsi.txt", "fichcomp-med.txt", "ium.txt")
FEW_DAYS = [*SMALL, "--start", "2026-11-15"]


def run(root: Path, *argv: str, night: str = NIGHT) -> int:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VEILLEE_ROOT", str(root))
        return main(["--night", night, *argv])


def fingerprint(root: Path) -> dict[str, str]:
    files = sorted(p for p in root.rglob("*") if p.is_file())
    return {str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def truth(root: Path, table: str, night: str = NIGHT) -> pd.DataFrame:
    return pq.read_table(root / "truth" / night / f"{table}.parquet").to_pandas()


def manifests(root: Path) -> list[tuple[Path, dict]]:
    return [(p.parent, json.loads(p.read_text())) for p in sorted(root.glob("landing/*/*/*/manifest.json"))]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two nights of a small country with much mess; read only."""
    path = tmp_path_factory.mktemp("country") / "root"
    prepare_root(path, "synthetic")
    assert run(path, *SMALL, "--mess", "0.1") == 0
    assert run(path, night=NEXT) == 0
    return path


def test_the_same_night_twice_gives_the_same_bytes_and_so_does_another_root(root: Path, tmp_path: Path) -> None:
    before = fingerprint(root)
    assert run(root, night=NEXT) == 0
    assert fingerprint(root) == before
    other = tmp_path / "other"
    prepare_root(other, "synthetic")
    assert run(other, *SMALL, "--mess", "0.1") == 0
    assert run(other, night=NEXT) == 0
    assert fingerprint(other) == before


@pytest.mark.parametrize("kind", ["real", None])
def test_a_root_that_is_not_stamped_synthetic_is_refused(tmp_path: Path, kind: str | None) -> None:
    target = tmp_path / "root"
    prepare_root(target, kind) if kind else target.mkdir()
    before = fingerprint(target)
    assert run(target, *FEW_DAYS) == 78
    assert fingerprint(target) == before


def test_other_sizes_in_a_root_already_begun_are_refused(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(root, "--persons", "9", night="2026-11-24") == 78
    assert "another persons" in capsys.readouterr().err


def test_every_manifest_is_as_declared_and_true(root: Path) -> None:
    schema = json.loads((REPOSITORY / "schemas" / "manifest.json").read_text())
    found = manifests(root)
    assert len(found) == 2 * (2 * 3 + 10 + 1)
    for folder, manifest in found:
        jsonschema.validate(manifest, schema)
        assert manifest["delivery_id"] == folder.name and manifest["producer"] == folder.parent.name
        assert sorted(f["name"] for f in manifest["files"]) == sorted(
            p.name for p in folder.iterdir() if p.suffix != ".json"
        )
        for entry in manifest["files"]:
            content = (folder / entry["name"]).read_bytes()
            assert (len(content), hashlib.sha256(content).hexdigest()) == (entry["bytes"], entry["sha256"])


def test_the_register_knows_every_producer(root: Path) -> None:
    register = load_register(Settings(root))
    assert {m["producer"] for _, m in manifests(root)} == set(register)
    assert {f for p in register.values() for f in p.formats} == {m["format"] for _, m in manifests(root)}
    assert "rpu-oscour" in register["990000010"].formats
    assert len({p.dialect for p in register.values() if p.source == "pharmacy"}) == 5


def test_hospitals_repeat_the_year_and_pharmacies_tell_only_what_is_new(root: Path) -> None:
    first = {(m["producer"], m["format"]): m for f, m in manifests(root) if f.name.startswith(NIGHT)}
    second = {(m["producer"], m["format"]): m for f, m in manifests(root) if f.name.startswith(NEXT)}
    for producer, manifest in second.items():
        if manifest["format"] == "rpu-oscour":
            assert manifest["mode"] == "append" and manifest["covers"] == {"from": "2026-11-15", "to": "2026-11-22"}
        elif manifest["source"] == "hospital":
            assert manifest["mode"] == "replace" and manifest["covers"] == {"from": "2026-01-01", "to": "2026-11-22"}
            assert manifest["files"][0]["records"] >= first[producer]["files"][0]["records"]
        else:
            assert manifest["mode"] == "append" and manifest["covers"] == {"from": "2026-11-22", "to": "2026-11-22"}
    stays = [truth(root, "hospital_stay", night).set_index("local_stay_id").person for night in (NIGHT, NEXT)]
    assert (stays[1].loc[stays[0].index] == stays[0]).all()


def test_what_a_hospital_sent_before_is_sent_again_byte_for_byte(root: Path) -> None:
    grown = 0
    for folder in sorted((root / "landing" / "hospital").iterdir()):
        for name in FILES:
            old, new = ((folder / f"{night}T0100-001" / name).read_bytes().rstrip(b"\r\n") for night in (NIGHT, NEXT))
            assert new.startswith(old)
            grown += len(new) > len(old)
    assert grown >= 6


def test_stays_are_followed_by_dispensations_and_documents_of_the_same_person(root: Path) -> None:
    stays = truth(root, "hospital_stay").drop_duplicates("local_stay_id").set_index("local_stay_id")
    for table, share in (("dispensation", 0.5), ("document", 0.1)):
        after = truth(root, table).query("after_stay != ''")
        assert (stays.person.loc[after.after_stay].to_numpy() == after.person.to_numpy()).sum() >= len(after) - 2
        assert after.after_stay.nunique() > share * len(stays) * 0.5
    filed = truth(root, "document").query("after_stay != ''")
    assert filed.groupby("after_stay").type_code.nunique().max() == 2


def test_everybody_is_seen_in_the_first_night(root: Path) -> None:
    seen = {person for table in ("hospital_stay", "dispensation", "document") for person in truth(root, table).person}
    assert len(seen) >= 1500
    assert seen <= set(truth(root, "person").person)


def test_every_kind_of_mess_is_planted_and_counted(root: Path) -> None:
    mess = truth(root, "mess")
    kinds = {
        "hospital": {f.code for f in (*HOSPITAL_FAULTS, *EMERGENCY_FAULTS)} | {"HOS-017"},
        "pharmacy": {f.code for f in PHARMACY_FAULTS} | {"PHA-020"},
        "shared_record": {f.code for f in DOCUMENT_FAULTS},
    }
    for source, codes in kinds.items():
        planted = set(mess[mess.source == source].code)
        assert planted <= codes and len(codes - planted) <= (12 if source == "hospital" else 0)
    deliveries = truth(root, "delivery").set_index(["producer", "delivery_id"])
    counts = mess.groupby(["producer", "delivery_id", "expected_outcome"]).size()
    for (producer, delivery, outcome), count in counts.items():
        if outcome != "accepted":
            assert deliveries.loc[(producer, delivery), outcome] == count
    parts = deliveries[["accepted", "unchanged", "duplicate", "quarantined", "ignored"]].sum(axis=1)
    assert (parts == deliveries["read"]).all()


def test_records_of_the_truth_are_found_in_the_files(root: Path) -> None:
    for one in truth(root, "mess").itertuples():
        path = root / "landing" / one.source / one.producer / one.delivery_id / one.file
        if one.file in FILES:
            line = path.read_bytes().splitlines()[one.record - 1]
            assert one.code != "HOS-010" or line.startswith(b"***")
            assert one.code != "HOS-001" or line[9:12] in (b"199", b"099") or line[48:52] == b"V099"
            assert one.code != "HOS-016" or line[9:12] in (b"120", b"020")
        elif one.source == "hospital":
            assert one.record <= path.read_bytes().count(b"<PATIENT>")
        elif one.source == "pharmacy":
            lines = path.read_bytes().splitlines()
            assert one.code != "PHA-007" or b"troc" in lines[one.record]
            assert one.code != "TWICE" or lines[one.record] == lines[one.record - 1]
        else:
            assert path.is_file()


def test_second_night_tells_which_records_are_unchanged(root: Path) -> None:
    first, second = (
        truth(root, "delivery", night).query("source == 'hospital' and mode == 'replace'") for night in (NIGHT, NEXT)
    )
    assert (first.unchanged == 0).all()
    assert list(second.unchanged) == list(first.accepted)
    assert (second.accepted > 0).any()


def test_one_kind_of_mess_only(tmp_path: Path) -> None:
    prepare_root(tmp_path, "synthetic")
    assert run(tmp_path, *FEW_DAYS, "--mess", "0.2", "--mess-only", "PHA-005") == 0
    assert set(truth(tmp_path, "mess").code) == {"PHA-005"}


def test_no_mess_at_all(tmp_path: Path) -> None:
    prepare_root(tmp_path, "synthetic")
    assert run(tmp_path, *FEW_DAYS, "--mess", "0") == 0
    assert truth(tmp_path, "mess").empty
    deliveries = truth(tmp_path, "delivery")
    assert (deliveries.accepted == deliveries["read"]).all()


def test_over_new_year_a_hospital_sends_one_delivery_for_each_year(tmp_path: Path) -> None:
    prepare_root(tmp_path, "synthetic")
    assert run(tmp_path, *SMALL, "--start", "2026-12-28", night="2027-01-05") == 0
    assert run(tmp_path, night="2027-01-06") == 0
    covers = {f.name: m["covers"] for f, m in manifests(tmp_path) if m["format"] == "pmsi-mco"}
    assert covers == {
        "2027-01-05T0100-001": {"from": "2026-01-01", "to": "2026-12-31"},
        "2027-01-05T0100-002": {"from": "2027-01-01", "to": "2027-01-04"},
        "2027-01-06T0100-001": {"from": "2027-01-01", "to": "2027-01-05"},
    }


def test_mishaps_befall_the_deliveries_they_name(tmp_path: Path) -> None:
    prepare_root(tmp_path, "synthetic")
    assert run(tmp_path, *FEW_DAYS) == 0
    named = [
        "cut=992000018",
        "arriving=992000026",
        "missing=992000034",
        "resent=992000042",
        "changed=992000059",
        "unknown",
    ]
    before = fingerprint(tmp_path / "landing" / "pharmacy" / "992000042")
    options = [word for mishap in named for word in ("--mishap", mishap)]
    assert run(tmp_path, *options, night=NEXT) == 0
    status = truth(tmp_path, "delivery", NEXT).set_index(["producer", "delivery_id"]).expected_status
    old, new = f"{NIGHT}T0100-001", f"{NEXT}T0100-001"
    assert status["992000018", new] == "corrupt" and status["992000026", new] == "arriving"
    assert status["992000034", new] == "missing" and status["PH9999999", new] == "unknown_producer"
    assert status["992000042", old] == "resent_unchanged" and status["992000059", old] == "resent_changed"
    landing = tmp_path / "landing" / "pharmacy"
    assert not (landing / "992000026" / new / "manifest.json").exists() and not (landing / "992000034" / new).exists()
    assert fingerprint(landing / "992000042").items() > before.items()
    cut = json.loads((landing / "992000018" / new / "manifest.json").read_text())["files"][0]
    assert (landing / "992000018" / new / cut["name"]).stat().st_size < cut["bytes"]


def test_a_mishap_without_a_producer_or_of_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    prepare_root(tmp_path, "synthetic")
    assert run(tmp_path, *FEW_DAYS, "--mishap", "cut") == 78
    assert run(tmp_path, *FEW_DAYS, "--mishap", "fire=992000018") == 78


def test_without_documents_the_operator_deposits_nothing(tmp_path: Path) -> None:
    prepare_root(tmp_path, "synthetic")
    few = ["--persons", "500", "--hospitals", "1", "--pharmacies", "1", "--documents", "0", "--start", "2026-11-20"]
    assert run(tmp_path, *few) == 0
    assert not (tmp_path / "landing" / "shared_record").exists()
    delivery = truth(tmp_path, "delivery").query("source == 'shared_record'")
    assert list(delivery.expected_status) == ["missing"] and list(delivery["read"]) == [0]
    assert truth(tmp_path, "document").empty


def test_a_handful_of_persons_may_have_no_stay(tmp_path: Path) -> None:
    prepare_root(tmp_path, "synthetic")
    few = ["--persons", "30", "--hospitals", "2", "--pharmacies", "1", "--documents", "0", "--start", "2026-11-20"]
    assert run(tmp_path, *few) == 0
    assert set(truth(tmp_path, "delivery").expected_status) == {"complete", "missing"}


def test_few_documents_may_leave_a_night_without_any(tmp_path: Path) -> None:
    prepare_root(tmp_path, "synthetic")
    few = ["--persons", "500", "--hospitals", "1", "--pharmacies", "1", "--documents", "15", "--start", "2026-11-20"]
    assert run(tmp_path, *few) == 0
    assert run(tmp_path, night=NEXT) == 0
    filed = [len(truth(tmp_path, "document", night)) for night in (NIGHT, NEXT)]
    assert min(filed) == 0 < max(filed)


def test_an_emergency_visit_told_alike_again_is_a_duplicate(root: Path) -> None:
    first, second = (truth(root, "emergency_visit", night) for night in (NIGHT, NEXT))
    assert len(first) and first.entry_date.max() < second.entry_date.max()
    again = second[second.element_sha256.isin(first[first.accepted].element_sha256)]
    assert len(again) > 3 and set(again.outcome) == {"duplicate"}
    told = truth(root, "delivery", NEXT).query("covers_to == '2026-11-22' and delivery_id.str.endswith('-050')")
    assert told.duplicate.sum() >= len(again) and (second.outcome == "accepted").sum() == told.accepted.sum()
