"""After two nights the standard tables hold what the simulator's documents say, by whichever carrier they came."""

import pytest

from synthetic.documents import FHIR, XDM
from synthetic.truth_documents import standing
from tests.document_truth import compare
from tests.nights import FIRST, SECOND, Nights


@pytest.mark.parametrize("night", [FIRST, SECOND])
def test_every_fact_of_a_standing_document_is_a_row_and_nothing_else_is(nights: Nights, night: str) -> None:
    found = compare(nights.settings, night)
    assert found.documents > 80 and found.rows["lab_result"] > 150
    assert found.wrong == {}
    carriers = set(standing(nights.settings.truth, night)["carrier"].to_pylist())
    assert {XDM, FHIR} <= carriers
