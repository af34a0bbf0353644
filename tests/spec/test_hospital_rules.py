"""One line per row rule, in one delivery: what each of them lets through and what it rejects."""

import pytest

from jobs.core.rules import rule
from jobs.core.settings import prepare_root
from tests import deposits
from tests.hospital_lines import FINESS, file_of, rss, vid

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
    "born on the day of entry": (stay(6, birth_date="02022026"), "accepted"),
    "leap day": (stay(7, birth_date="29022024"), "accepted"),
    "unknown version": (stay(8).replace(b" 123000", b" 120000"), "HOS-001"),
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
CONVERTED = {"converted": (vid("S1", gp_last_name="MÜLLER").decode("cp1252").encode(), "HOS-013")}
FILES = {"rss.txt": STAYS, "vid.txt": IDENTITIES, "utf8.txt": CONVERTED}


@pytest.fixture(scope="module")
def night(spark, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        settings = prepare_root(tmp_path_factory.mktemp("rules") / "root", "synthetic")
        patch.setenv("VEILLEE_ROOT", str(settings.root))
        deposits.register(settings, (FINESS, "hospital"))
        files = {name: file_of(*[line for line, _ in cases.values()]) for name, cases in FILES.items()}
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
        warnings = set((row["warnings"] or "").split(",")) & {"IDE-001", "IDE-002", "IDE-004", "HOS-020"}
        assert (row["outcome"], row["rule"]) == ("accepted", None)
        assert warnings == set(wanted.split()[1:])
    else:
        assert (row["outcome"], row["rule"]) == ("quarantined", wanted)
        assert rule(wanted).severity == "critical"


def test_every_line_is_counted_and_every_rejected_one_kept(night):
    assert len(night["rows"]) == len(CASES)
    kept = {(row["file"], row["record"]): row["bytes"] for row in night["quarantine"]}
    rejected = [(f, r, n) for f, r, n in CASES if FILES[f][n][1].startswith("HOS")]
    assert kept == {(file, record): FILES[file][name][0] for file, record, name in rejected}


def test_each_rule_of_the_catalogue_is_seen_to_fire():
    from jobs.core.rules import rules

    here = {outcome for cases in FILES.values() for _, outcome in cases.values()}
    elsewhere = {"HOS-012", "HOS-014", "HOS-015"}  # in test_hospital_nights
    critical = {code for code, one in rules().items() if code.startswith("HOS") and one.severity == "critical"}
    assert critical <= here | elsewhere
