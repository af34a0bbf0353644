"""The session: small nights start fast, large ones compile well and get room where there is some."""

import pytest

from jobs.core import session


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
