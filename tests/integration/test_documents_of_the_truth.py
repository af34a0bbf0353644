"""After two nights the standard tables hold what the simulator's documents say, by whichever carrier they came."""

import duckdb
import pytest

from jobs.core.nights import state_path
from jobs.core.snapshot import read_json, tables_from_json
from jobs.standardise.pools import proposal_path
from synthetic.documents import FHIR, XDM
from synthetic.truth_documents import standing
from tests import deposits
from tests.document_truth import compare, held
from tests.nights import FIRST, SECOND, Nights
from tests.spec.simulated_documents import foreseen


@pytest.mark.parametrize("night", [FIRST, SECOND])
def test_every_fact_of_a_standing_document_is_a_row_and_nothing_else_is(nights: Nights, night: str) -> None:
    found = compare(nights.settings, night)
    assert found.documents > 80 and found.rows["lab_result"] > 150
    assert found.wrong == {}
    carriers = set(standing(nights.settings.truth, night)["carrier"].to_pylist())
    assert {XDM, FHIR} <= carriers


@pytest.mark.parametrize("night", [FIRST, SECOND])
def test_every_document_is_told_of_as_the_truth_foresees(nights: Nights, night: str) -> None:
    """Outcome, rule and every warning of each document, by whichever carrier it came; a good one has none."""
    folder = nights.settings.truth / night
    names = ("mess", "document", "document_fact")
    mess, truth, facts = (duckdb.sql(f"from '{folder}/{name}.parquet'").df() for name in names)
    expected = foreseen(mess[mess.source == "shared_record"], truth, facts)
    proposal = read_json(proposal_path(nights.settings, "shared_record", night))
    found = {}
    for row in deposits.intake(nights.settings, proposal):
        told = row["rule"] if row["outcome"] == "quarantined" else row["warnings"]
        found[(row["file"], row["record"])] = (row["outcome"], told or "")
    assert len(expected) > (50 if night == FIRST else 3)
    assert {place: found.get(place) for place in expected if found.get(place) != expected[place]} == {}


def test_whoever_holds_a_body_finds_no_row_by_it(nights: Nights) -> None:
    """A body is published as a token under the key; equal bodies share it, and no column holds their digest."""
    state = tables_from_json(read_json(state_path(nights.settings, "shared_record", SECOND))["tables"])
    digests = held(nights.settings, state, "document").body_sha256.dropna()
    published = duckdb.sql(f"from '{nights.settings.published}/current/document/*.parquet'").df()
    assert published.body_id.nunique() == digests.nunique() > 20
    assert published.body_id.dropna().str.fullmatch("[A-Z2-7]{26}").all()
    assert not {str(value) for column in published for value in published[column]} & set(digests)
