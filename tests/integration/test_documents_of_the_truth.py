"""After two nights the standard tables hold what the simulator's documents say, by whichever carrier they came."""

import duckdb
import pytest

from jobs.core.nights import state_path
from jobs.core.snapshot import read_json, tables_from_json
from synthetic.documents import FHIR, XDM
from synthetic.truth_documents import standing
from tests.document_truth import compare, held
from tests.nights import FIRST, SECOND, Nights


@pytest.mark.parametrize("night", [FIRST, SECOND])
def test_every_fact_of_a_standing_document_is_a_row_and_nothing_else_is(nights: Nights, night: str) -> None:
    found = compare(nights.settings, night)
    assert found.documents > 80 and found.rows["lab_result"] > 150
    assert found.wrong == {}
    carriers = set(standing(nights.settings.truth, night)["carrier"].to_pylist())
    assert {XDM, FHIR} <= carriers


def test_whoever_holds_a_body_finds_no_row_by_it(nights: Nights) -> None:
    """A body is published as a token under the key; equal bodies share it, and no column holds their digest."""
    state = tables_from_json(read_json(state_path(nights.settings, "shared_record", SECOND))["tables"])
    digests = held(nights.settings, state, "document").body_sha256.dropna()
    published = duckdb.sql(f"from '{nights.settings.published}/current/document/*.parquet'").df()
    assert published.body_id.nunique() == digests.nunique() > 20
    assert published.body_id.dropna().str.fullmatch("[A-Z2-7]{26}").all()
    assert not {str(value) for column in published for value in published[column]} & set(digests)
