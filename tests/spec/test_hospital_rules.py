"""One line per row rule, in one delivery: what each of them lets through and what it rejects."""

import pytest

from jobs.core.rules import rule
from jobs.core.settings import prepare_root
from tests import deposits
from tests.hospital_lines import BORN, FINESS, drug, file_of, link, rss, rum, unit, vid

HEADER = {"121": 192, "122": 192, "123": 205}


def stay(number, **fields):
    return rss(f"S{number}", rss_id=str(number), **fields)


# name: (line, outcome)
STAYS = {
    "121": (stay(1, version="121"), "accepted"),
    "122 with acts": (stay(2, version="122", das=("E1190", "I10"), acts=("DEQP003",)), "accepted"),
    "trailing blanks lost": (stay(3).rstrip(), "accepted"),
    "blanks lost after a diagnosis": (stay(4, das=("I10",)).rstrip(), "accepted"),
    "blanks added": (stay(5) + b"    ", "accepted"),
    "born on the day of entry": (stay(6, birth_date="02022026", **BORN), "accepted"),
    "leap day": (stay(7, birth_date="29022024"), "accepted"),
    "version that nobody knows": (stay(8).replace(b" 123000", b" 199000"), "HOS-001"),
    "version of before March 2022": (stay(22).replace(b" 123000", b" 120000"), "HOS-016"),
    "too long": (stay(9) + b"0000000", "HOS-002"),
    "cut in an act": (stay(10, acts=("DEQP003",))[:-15], "HOS-002"),
    "cut in the header": (stay(11)[:100], "HOS-002"),
    "two diagnoses announced, one there": (stay(12, das=("I10",)).replace(b"0100000I501", b"0200000I501"), "HOS-002"),
    "month 00": (stay(13, birth_date="12001994"), "HOS-003"),
    "30 February": (stay(14, birth_date="30021994"), "HOS-003"),
    "not a leap year": (stay(15, unit_entry_date="29022025"), "HOS-003"),
    "year 0001": (stay(16, birth_date="01010001"), "HOS-003"),
    "exit before entry": (stay(17, unit_exit_date="01022026"), "HOS-004"),
    "letter in a counter": (stay(18).replace(b"000000I501", b"0X0000I501"), "HOS-005"),
    "born after entry": (stay(19, birth_date="03022026"), "HOS-006"),
    "no stay number": (rss("", rss_id="20"), "HOS-008"),
    "no principal diagnosis": (stay(21, principal_diagnosis="", related_diagnosis="I10"), "HOS-009"),
    "a listing": (b"*** FIN DE L'EDITION ***", "HOS-010"),
    "another hospital": (stay(23, finess_epmsi="990000028"), "HOS-011"),
}
IDENTITIES = {
    "plain": (vid("S1"), "accepted"),
    "V014 cut after the exit": (vid("S2", version="V014").rstrip()[:360], "accepted"),
    "V016": (vid("S3", version="V016"), "accepted"),
    "wrong key": (vid("S4", insured_nir_key="04"), "accepted IDE-001"),
    "13 X": (vid("S5", insured_nir="XXXXXXXXXXXXX", insured_nir_key="XX"), "accepted IDE-002"),
    "waiting number": (vid("S6", individual_nir="7480299999001"), "accepted IDE-002"),
    "damaged number": (vid("S7", individual_nir="1,48030E+12"), "accepted IDE-004"),
    "birth date declared missing": (vid("S21", birth_date="XXXXXXXX"), "accepted HOS-020"),
    "unknown version": (vid("S8").replace(b"V015", b"V012"), "HOS-001"),
    "too long": (vid("S9") + b"0000000", "HOS-002"),
    "impossible birth": (vid("S10", birth_date="35032008"), "HOS-003"),
    "letter in a counter": (vid("S11", n_dmt="X1"), "HOS-005"),
    "another hospital": (vid("S12", finess_epmsi="990000028"), "HOS-011"),
}
UNGROUPED = {
    "021": (rum("U1", version="021", rss_id="U1"), "accepted"),
    "022": (rum("U2", version="022", rss_id="U2", das=("E1190", "I10")), "accepted"),
    "023 with blanks lost": (rum("U3", rss_id="U3").rstrip(), "accepted"),
    "too long": (rum("U4", rss_id="U4") + b"0000000", "HOS-002"),
    "020": (rum("U5", rss_id="U5").replace(b"0010023", b"0010020"), "HOS-016"),
    "born after entry": (rum("U6", rss_id="U6", birth_date="03022026"), "HOS-006"),
}
DRUGS = {
    "plain": (drug("S1"), "accepted"),
    "same administration, 7 digits": (drug("S2", ucd_code="9170169"), "accepted HOS-031"),
    "same administration, 13 digits": (drug("S2", ucd_code="3400891701692"), "accepted HOS-031"),
    "the day after the exit": (drug("S3", administration_date="06022026"), "accepted HOS-030"),
    "stay in no coded file": (drug("S404"), "accepted HOS-032"),
    "spreadsheet damage": (drug("S4", ucd_code="3,40089E+12"), "accepted HOS-033"),
    "quantity in words": (drug("S5", quantity_x1000="deux"), "HOS-034"),
    "no amount": (drug("S5", amount_x1000=""), "HOS-034"),
    "month 20": (drug("S5", administration_date="01202026"), "HOS-003"),
    "another hospital": (drug("S5", finess_epmsi="990000028"), "HOS-011"),
    "no stay": (drug(""), "HOS-008"),
    "too long": (drug("S6") + b"0000000", "HOS-002"),
}
UNITS = {
    "plain": (unit("CARD"), "accepted"),
    "beds in words": (unit("GYN1", bed_count="dix"), "accepted HOS-037"),
    "no number": (unit("", bed_count=""), "HOS-036"),
    "no date": (unit("NEON", effective_date=""), "HOS-003"),
}
LINKS = {
    "plain": (link("1", "S1"), "accepted"),
    "another stay": (link("99", "S2"), "accepted HOS-035"),
    "stay in no coded file": (link("404", "S404"), "accepted HOS-038"),
}
LEFT_OUT = {
    "PIE": (FINESS.encode() + b"04" + b"S1".ljust(30) + b"0202202603022026" + b"REA".ljust(15), "HOS-045"),
    "transport": (FINESS.encode() + b"15" + b"S1".ljust(20) + FINESS.encode() + b"02022026TDE01", "HOS-045"),
}
ARCHIVE = {"gzip given as text": (b"\x1f\x8b\x08\x00\nabc\n\r\n", "HOS-018")}
CONVERTED = {"converted": (vid("S1", gp_last_name="MÜLLER").decode("cp1252").encode(), "HOS-013")}
FILES = {
    "rss.txt": STAYS,
    "vid.txt": IDENTITIES,
    "rum.txt": UNGROUPED,
    "drugs.txt": DRUGS,
    "units.txt": UNITS,
    "links.txt": LINKS,
    "side.txt": LEFT_OUT,
    "utf8.txt": CONVERTED,
    "archive.txt": ARCHIVE,
}
IGNORED = ("HOS-045",)


@pytest.fixture(scope="module")
def night(spark, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        settings = prepare_root(tmp_path_factory.mktemp("rules") / "root", "synthetic")
        patch.setenv("VEILLEE_ROOT", str(settings.root))
        deposits.register(settings, (FINESS, "hospital"))
        files = {name: file_of(*[line for line, _ in cases.values()]) for name, cases in FILES.items()}
        files["archive.txt"] = ARCHIVE["gzip given as text"][0]
        deposits.deposit(settings, "hospital", FINESS, "D1", files, covers=("2026-01-01", "2026-03-01"))
        proposal = deposits.load(settings, "2026-03-01")
        rows = {(row["file"], row["record"]): row for row in deposits.intake(settings, proposal)}
        return {"rows": rows, "quarantine": deposits.quarantine(settings, proposal), "proposal": proposal}


CASES = [(file, record, name) for file, cases in FILES.items() for record, name in enumerate(cases, start=1)]


@pytest.mark.parametrize(("file", "record", "name"), CASES, ids=[f"{file} {name}" for file, _, name in CASES])
def test_each_line_has_its_outcome(night, file, record, name):
    row = night["rows"][file, record]
    wanted = FILES[file][name][1]
    if wanted.startswith("accepted"):
        usual = {"IDE-003", "HOS-021", "IDE-010", "IDE-011", "IDE-012"} | (
            {"HOS-020"} if name not in ("plain", "birth date declared missing") else set()
        )
        warnings = {code for code in (row["warnings"] or "").split(",") if code} - usual
        assert (row["outcome"], row["rule"]) == ("accepted", None)
        assert warnings == set(wanted.split()[1:])
    elif wanted in IGNORED:
        assert (row["outcome"], row["rule"]) == ("ignored", wanted)
    else:
        assert (row["outcome"], row["rule"]) == ("quarantined", wanted)
        assert rule(wanted).severity == "critical"


def test_a_stay_without_identity_and_an_identity_without_stay_are_told(night):
    def warned(file, name):
        return (night["rows"][file, list(FILES[file]).index(name) + 1]["warnings"] or "").split(",")

    assert "IDE-003" in warned("rum.txt", "021")
    assert "IDE-003" not in warned("rss.txt", "121")
    assert "HOS-020" not in warned("vid.txt", "plain")
    assert "HOS-020" in warned("vid.txt", "birth date declared missing")


def test_every_line_is_counted_and_every_rejected_one_kept(night):
    assert len(night["rows"]) == len(CASES)
    kept = {(row["file"], row["record"]): row["bytes"] for row in night["quarantine"]}
    rejected = [(f, r, n) for f, r, n in CASES if FILES[f][n][1].startswith("HOS") and FILES[f][n][1] not in IGNORED]
    assert kept == {(file, record): FILES[file][name][0] for file, record, name in rejected}


def test_each_rule_of_the_catalogue_is_seen_to_fire():
    from jobs.core.rules import rules

    here = {outcome for cases in FILES.values() for _, outcome in cases.values()}
    elsewhere = {"HOS-012", "HOS-014", "HOS-015", "HOS-017", "HOS-047"}  # in test_hospital_nights
    critical = {code for code, one in rules().items() if code.startswith("HOS") and one.severity == "critical"}
    assert critical <= here | elsewhere
