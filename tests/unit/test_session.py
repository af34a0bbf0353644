"""The session: small nights start fast, large ones compile well and get room where there is some."""

import pytest

from jobs.core import session
from jobs.standardise import shared_record
from jobs.standardise.deliveries import Delivery
from jobs.standardise.run import size_of


@pytest.mark.parametrize(("size", "fast"), [(0, True), (session.LARGE - 1, True), (session.LARGE, False)])
def test_only_a_large_night_pays_for_the_better_compiler(size: int, fast: bool):
    assert (session.SHORT in session.java_options(size)) is fast


def test_the_heap_follows_the_night_and_the_machine_unless_it_is_told(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("VEILLEE_DRIVER_MEMORY", raising=False)
    pages = {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": session.ROOMY // 4096}
    monkeypatch.setattr(session.os, "sysconf", pages.__getitem__)
    assert (session.driver_memory(0), session.driver_memory(session.LARGE)) == ("2g", "3g")
    pages["SC_PHYS_PAGES"] -= 1
    assert session.driver_memory(session.LARGE) == "2g"
    monkeypatch.setenv("VEILLEE_DRIVER_MEMORY", "5g")
    assert session.driver_memory(0) == "5g"


def test_of_documents_only_what_is_left_of_them_asks_for_a_larger_session():
    when = ("2026-11-01", "2026-11-30", "2026-11-30T20:00:00+01:00", "2026-11-22")
    files = ({"name": "one", "bytes": 6_400}, {"name": "two", "bytes": 64})
    deliveries = [Delivery("d1", "DMP1", "append", name, *when, files) for name in ("shared-record", "fhir-bulk")]
    assert size_of(deliveries) == 2 * 6_464
    assert size_of(deliveries, fewer=shared_record.FEWER) == 101 + 6_464
    assert size_of(deliveries, ("fhir-bulk",), shared_record.FEWER) == 101
