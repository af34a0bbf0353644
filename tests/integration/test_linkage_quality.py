"""Who is linked, against who is who in the simulator's truth."""

import pytest

from tests.linkage import linkage_quality
from tests.nights import FIRST, SECOND, Nights


@pytest.mark.parametrize("night", [FIRST, SECOND])
def test_linkage_meets_its_targets(nights: Nights, night: str) -> None:
    quality = linkage_quality(nights.settings, night)
    assert quality["true_pairs"] > 50, "too few to say anything"
    assert quality["precision"] >= 0.999, quality
    assert quality["recall"] >= 0.90, quality
    assert quality["linked_to_mother"] == 0, quality
