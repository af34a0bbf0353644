"""A line is told by what it looks like: numbers that happen to read like another file's code change nothing."""

import hashlib
import hmac

import pyarrow as pa
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from jobs.core.tokens import text_hex
from jobs.standardise.fixed_width import kinds_of
from jobs.standardise.fixed_width_lines import teller
from jobs.standardise.hospital.tokens import LINE_TOKENS
from jobs.standardise.layouts import load_layouts
from tests.hospital_lines import drug, line, link, rss, rum, unit, vid

KINDS = load_layouts("hospital")


def kind_of(one: bytes) -> str | None:
    """The kind that a line is taken for."""
    ((kind, _, _),) = list(kinds_of(pa.array([one.decode("latin-1")]), KINDS.values()))
    return kind.kind if kind else None


@pytest.mark.parametrize("code", ["04", "06", "09", "14", "15"])
def test_a_link_is_no_drug_and_no_transport_whatever_its_numbers_hold(code: str) -> None:
    assert kind_of(link(f"R02045900{code}00", f"S02045900{code}00")) == "link"
    assert kind_of(link(f"000000000{code}123456789", f"{code}123456789")) == "link"
    assert kind_of(link(f"000000000{code}123456789", f"{code}123456789") + b"   ") == "link"


@given(st.from_regex(r"[0-9]{20}", fullmatch=True), st.from_regex(r"[0-9]{1,13}", fullmatch=True))
def test_numbers_of_links(rss_id: str, stay: str) -> None:
    # 1dd at 10 and 0dd at 25 is where a grouped line tells its versions: one cut there is not told from such a link
    assume(not (rss_id[9] == "1" and stay[4:5] == "0"))
    assert kind_of(link(rss_id, stay)) == "link"


def test_each_file_is_told() -> None:
    made = {
        "drug": [drug("S1"), drug("S1", prestation_type="09"), drug("S1", administration_date="XXXXXXXX")],
        "link": [link("1", "S1")],
        "unit": [unit("CARD")],
        "rss": [rss("S1")],
        "rum": [rum("S1")],
        "vid_hosp": [vid("S1")],
    }
    assert {kind: {kind_of(one) for one in lines} for kind, lines in made.items()} == {kind: {kind} for kind in made}


def test_a_drug_line_that_was_cut_is_still_one_of_the_drug_file() -> None:
    whole = drug("S1").rstrip(b" ")
    assert {kind_of(whole[:length]) for length in range(39, len(whole))} == {"drug"}


def test_a_transport_line_is_told_by_its_flat_rate() -> None:
    own = {"finess_epmsi": "990000010", "prestation_type": "15", "local_stay_id": "S1", "finess_site": "990000010"}
    rate = {"flat_rate_code": "TDE", "distance_class": "01"}
    version = next(iter(KINDS["fichcomp_transport"].layouts))
    assert kind_of(line("fichcomp_transport", version, own | rate, [])) == "fichcomp_transport"


def test_a_line_is_marked_by_its_exact_bytes_and_by_what_it_is_about() -> None:
    key, sent = b"k" * 32, [vid("S1"), vid("S2", insured_nir="é"), unit("CARD"), b"nothing known", drug("S1")]
    part = {"producer": "P1", "delivery_id": "D1", "file": "f", "offset": 0, "first_record": 0}
    part["bytes"] = b"\n".join(sent)
    given = {"goes_on": False, "goes_before": False, "key": key, "first_year": "2026"}
    told = teller(KINDS, LINE_TOKENS)(iter([pa.RecordBatch.from_pylist([part | given])]))
    marked = {row["record"]: (row["line_id"], row["stay_id"]) for batch in told for row in batch.to_pylist()}
    stays = [text_hex(key, "hospital", "stay", "P1", name) for name in ("S1", "S2")]
    about = [*stays, text_hex(key, "hospital", "unit file", "P1", "2026"), None, stays[0]]
    said = [hmac.digest(key, b"2026" + one, hashlib.sha256).hex()[:32] for one in sent]
    assert marked == dict(enumerate(zip(said, about, strict=True), start=1))
