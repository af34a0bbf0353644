"""A night on files that nobody here wrote, deposited by the documented command in a root of kind ``real``.

The share of refusals above which a producer is held is raised for it, and no other threshold: nine of the 21 samples
are refused, eight of them since they share an identifier with another patient's, as no real operator's documents would.
Holding their operator would leave nothing to look at (``tests/real_night.py``).
"""

import csv
from collections import Counter

import pytest
from pyspark.sql import SparkSession

from jobs.core.snapshot import read_json
from jobs.reference.lists import embedded
from tests.nights import command
from tests.real_night import DATA, NIGHT, SAMPLES, WITHDRAWN, Found, shown_name, tell, told


@pytest.fixture(scope="module")
def night(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Found:
    """One night through every stage."""
    return tell(tmp_path_factory.mktemp("real"))


def test_every_stage_ends_well_and_the_night_is_published(night: Found) -> None:
    assert set(night.codes.values()) == {0}, night.codes
    run = read_json(night.settings.reports / NIGHT / "run.json")
    assert (run["kind"], run["decision"], run["holds"]) == ("real", "publish", [])
    assert night.rows("select count(*) from {source_state} where status = 'accepted'") == [(3,)]


def test_the_simulator_keeps_out_of_a_real_root(
    night: Found, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VEILLEE_ROOT", str(night.settings.root))
    assert command("synthetic", "--night", "2026-11-23") == 78
    assert "synthetic roots only" in capfd.readouterr().err


MASKED = "jm_practicefusion_everyman.xml"  # the one that says of itself that it is restricted (R)


def test_every_document_has_one_outcome_and_the_accepted_ones_are_in_the_release_unless_masked(night: Found) -> None:
    intake = {row["file"]: row for row in night.intake("shared_record")}
    samples = {path: intake[shown_name(night.settings, path.name)] for path in SAMPLES}
    assert len(samples) == len(intake) == len(night.intake("shared_record")) == 21
    assert Counter(row["outcome"] for row in samples.values()) == {"accepted": 12, "quarantined": 9}
    assert all((row["rule"] is None) == (row["outcome"] == "accepted") for row in samples.values())
    taken = [path for path, row in samples.items() if row["outcome"] == "accepted"]
    assert MASKED in {path.name for path in taken}
    sent = Counter(told(path) for path in taken if path.name != MASKED)
    published = Counter(night.rows("select type_code, strftime(created_on, '%Y%m%d') from {document}"))
    assert published == sent


def test_results_of_the_samples_are_in_the_release(night: Found) -> None:
    counted = night.rows("select sum(result_count)::int from {document}")
    assert counted == night.rows("select count(*) from {lab_result}") == [(8,)]


def test_facts_of_the_samples_are_in_the_release_and_negated_ones_are_not(night: Found) -> None:
    """Counts per table as frozen per document, without what documents say is not so and without the masked one."""
    tables = ("vital_sign", "vaccination", "prescription", "problem", "allergy", "procedure_history")
    counted = {name: night.rows(f"select count(*) from {{{name}}}")[0][0] for name in tables}
    assert counted == {
        "vital_sign": 33, "vaccination": 5, "prescription": 3, "problem": 7, "allergy": 6, "procedure_history": 5,
    }  # fmt: skip


STAYS = """
select line_version, unit_count, length_of_stay, exit_mode, department, newborn_weight,
    (select list_sort(list(d.kind || ':' || d.code)) from {hospital_diagnosis} d where d.stay_id = s.stay_id),
    (select list(p.code) from {hospital_procedure} p where p.stay_id = s.stay_id)
from {hospital_stay} s
"""


def stay_with(night: Found, code: str) -> tuple[str, str, str | None]:
    """(stay_id, pseudonym, mother_stay_id) of the only stay that a code names."""
    query = "select stay_id, pseudonym, mother_stay_id from {hospital_stay} where stay_id in (select stay_id from "
    (found,) = night.rows(query + "{hospital_diagnosis} where code = '" + code + "')")
    return found


def rss_1(night: Found) -> None:
    (stay,) = [row for row in night.rows(STAYS) if row[0] == "121"]
    assert [kind.split(":")[0] for kind in stay[6]] == ["associated", "associated", "principal"]
    assert stay[7] == ["DEQP003"]


def rss_2_3(night: Found) -> None:
    (stay,) = [row for row in night.rows(STAYS) if row[1] == 2]
    assert stay[2:4] == (4, "8")
    first, second = night.rows(
        "select u.entry_date, u.exit_date, u.exit_mode, u.exit_destination, u.entry_mode, u.entry_origin"
        " from {hospital_unit_stay} u join {hospital_stay} s using (stay_id) where s.unit_count = 2 order by unit_rank"
    )
    assert (first[1], first[2:4], second[4:6]) == (second[0], ("6", "1"), ("6", "1"))


def rss_4(night: Found) -> None:
    query = (
        "select child.pseudonym <> mother.pseudonym, child.age_years, child.newborn_weight, mother.unit_count"
        " from {hospital_stay} child join {hospital_stay} mother on child.mother_stay_id = mother.stay_id"
    )
    assert night.rows(query) == [(True, 0, 3210, 2)]


def rss_5(night: Found) -> None:
    query = "select related_diagnosis, session_count from {hospital_unit_stay} where principal_diagnosis = 'Z511'"
    assert night.rows(query) == [("C509", 1)]


def rss_6(night: Found) -> None:
    (stay,) = [row for row in night.rows(STAYS) if row[4] == "99"]
    assert sorted(code.split(":")[1] for code in stay[6]) == ["C169+0", "F03+01", "J961+0"]


def vid_1(night: Found) -> None:
    """Linked by number and birth date to the pharmacy's patient."""
    query = "select count(*), min(line_version) from {hospital_stay} join {dispensation} using (pseudonym)"
    assert night.rows(query) == [(1, "121")]


def vid_2_3(night: Found) -> None:
    rss_4(night)
    assert night.rows("select count(distinct pseudonym) from {hospital_stay}") == [(5,)]


def vid_4(night: Found) -> None:
    """The holder's number has the wrong key and is barred; the patient's own, on the same line, has the right one."""
    assert len(stay_with(night, "Z511")) == 3
    (claim,) = [claim for claim in night.claims("hospital") if claim["own_nir"] == "261112A990044"]
    assert claim["holder_nir"] is None
    warned = [row["warnings"] for row in night.intake("hospital") if (row["file"], row["record"]) == (VID, 4)]
    assert warned == ["IDE-001,IDE-010,IDE-011"]  # the last two count it against the published shares of errors


def vid_5(night: Found) -> None:
    """Kept, and nobody else's."""
    stay, pseudonym, _ = stay_with(night, "F03+01")
    assert stay and night.rows(f"select count(*) from {{hospital_stay}} where pseudonym = '{pseudonym}'") == [(1,)]
    assert night.rows(f"select count(*) from {{dispensation}} where pseudonym = '{pseudonym}'") == [(0,)]


def vid_6(night: Found) -> None:
    warned = [row for row in night.intake("hospital") if (row["file"], row["record"]) == (VID, 6)]
    assert [(row["outcome"], row["warnings"]) for row in warned] == [("accepted", "HOS-020")]
    assert night.rows("select count(*) from {hospital_stay}") == [(5,)]


def links_1_5(night: Found) -> None:
    told = [row for row in night.intake("hospital") if row["file"] == LINKS]
    assert [(row["outcome"], row["warnings"]) for row in told] == [("accepted", None)] * 5


def drugs_1_2(night: Found) -> None:
    query = "select ucd_sent, ucd13 from {hospital_drug} where ucd13 = '3400891701692' and attached order by 1"
    assert night.rows(query)[0] == ("3400891701692", "3400891701692")
    assert drug_warnings(night, 1, 2) == ["HOS-031", "HOS-031"]


def drugs_3(night: Found) -> None:
    query = (
        "select count(*) from {hospital_drug} join {hospital_stay} using (stay_id)"
        " where administration_date > exit_date and attached"
    )
    assert night.rows(query) == [(1,)]
    assert drug_warnings(night, 3) == ["HOS-030"]


def drugs_4(night: Found) -> None:
    assert night.rows("select count(*) from {hospital_drug} where not attached") == [(1,)]
    assert drug_warnings(night, 4) == ["HOS-032"]


def drug_warnings(night: Found, *records: int) -> list[str | None]:
    """What was said of some lines of the drug file."""
    told = {row["record"]: row["warnings"] for row in night.intake("hospital") if row["file"] == DRUGS}
    return [told[record] for record in records]


RSS, VID = "rss_grouped_mixed_versions.txt", "vid_hosp_v014.txt"
LINKS, DRUGS = "hosp_pmsi.txt", "fichcomp_med.txt"
CASES = {
    (RSS, "1"): rss_1, (RSS, "2-3"): rss_2_3, (RSS, "4"): rss_4, (RSS, "5"): rss_5, (RSS, "6"): rss_6,
    (VID, "1"): vid_1, (VID, "2-3"): vid_2_3, (VID, "4"): vid_4, (VID, "5"): vid_5, (VID, "6"): vid_6,
    (LINKS, "1-5"): links_1_5, (DRUGS, "1-2"): drugs_1_2, (DRUGS, "3"): drugs_3, (DRUGS, "4"): drugs_4,
}  # fmt: skip


def expected() -> list[tuple[str, str]]:
    """(file, line) of every row of ``expected.csv``."""
    with (DATA / "hospital" / "expected.csv").open(encoding="utf-8", newline="") as stream:
        return [(row["file"], row["line"]) for row in csv.DictReader(stream)]


@pytest.mark.parametrize("row", expected())
def test_each_expected_row_holds_in_the_release(night: Found, row: tuple[str, str]) -> None:
    CASES[row](night)


def test_a_wrong_key_bars_the_number_and_never_the_dispensation(night: Found) -> None:
    assert Counter(row["outcome"] for row in night.intake("pharmacy")) == {"accepted": 2}
    assert night.rows("select cip13, amount_total::varchar from {dispensation} order by 1")[1] == (
        "3400949497294",
        "25.36",
    )
    (barred,) = [claim for claim in night.claims("pharmacy") if claim["birth_date"].year == 1985]
    assert (barred["own_nir"], barred["holder_nir"], barred["number_status"]) == (None, None, "key_wrong")


def test_the_loaded_drug_reference_knows_a_withdrawn_drug(night: Found) -> None:
    assert WITHDRAWN not in {row["code"] for row in embedded("cip13")}
    assert night.rows(f"select code_known from {{dispensation}} where cip13 = '{WITHDRAWN}'") == [(True,)]
    label = night.rows(f"select label_fr from {{code_label}} where list = 'cip13' and code = '{WITHDRAWN}'")
    assert label[0][0].startswith("4 flacon(s)")


def test_no_identity_left_its_zones(
    night: Found, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VEILLEE_ROOT", str(night.settings.root))
    assert command("ops.leaks") == 0
    said = capfd.readouterr().out
    assert "0 found" in said and "searched for 0 numbers" not in said
