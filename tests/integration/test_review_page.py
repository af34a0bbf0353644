"""The review page as a steward uses it, and as somebody else must not."""

import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from jobs.core.settings import Settings, prepare_root
from jobs.link.decisions import decision_files, read_decisions
from jobs.review.decide import decide
from jobs.review.page import MAX_FORM, Review
from jobs.review.queue import open_items
from tests.integration.test_report_in_browser import QUIET
from tests.nights import chromium
from tests.review_root import published_index, secrets
from tests.spec.link_cases import subject


@pytest.fixture
def review(tmp_path: Path) -> Iterator[Review]:
    """A page over a published index by hand."""
    settings = prepare_root(tmp_path / "root", "synthetic")
    published_index(settings)
    with Review(settings) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(chromium()), args=list(QUIET))
        yield started
        started.close()


def decided(settings: Settings) -> list[tuple[str, tuple[str, str], str, str]]:
    """The decisions that the zone holds."""
    found = read_decisions(settings, decision_files(settings))
    return [(one.kind, one.pair, one.by_role, one.reason) for one in found]


def test_a_steward_compares_and_decides(review: Review, browser: Browser, capfd: pytest.CaptureFixture[str]) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(review.address)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    rows = page.locator("table").first.inner_text()
    assert rows.index("plusieurs candidats") < len(rows)
    page.get_by_text("English").click()
    page.locator("h2#match + div a").first.click()
    both = page.locator("#sides").inner_text()
    assert "different" in both or "the same" in both
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    before = len(open_items(review.settings))
    page.select_option("select[name=role]", "medical information physician")
    page.select_option("select[name=reason]", "twins")
    page.get_by_role("button", name="Two persons").click()
    assert page.locator("h2#match").is_visible()
    assert [(kind, role, reason) for kind, _, role, reason in decided(review.settings)] == [
        ("different", "medical information physician", "twins")
    ]
    assert len(open_items(review.settings)) == before - 1, "what is decided leaves the queue"
    assert all(url.startswith(review.origin) for url in asked)
    page.close()
    said = capfd.readouterr()
    assert [one for one in (*secrets(), review.secret) if one in said.out + said.err] == [], "nothing is logged"


def test_a_contradiction_is_shown_and_changes_nothing(review: Review, browser: Browser) -> None:
    """Somebody else decides while the page is open."""
    page = browser.new_page()
    page.goto(review.address)
    page.locator("h2#split + div a").first.click()
    first = decided(review.settings)
    ends = (subject("H2:luc"), subject("P1:luc"))
    shown = page.content()
    assert "LUC" in shown and "1955-05-05" in shown
    decide(review.settings, "same", ends[0], subject("H1:baby"), "identity steward", "other", date(2026, 11, 23))
    decide(review.settings, "different", ends[1], subject("H1:baby"), "identity steward", "other", date(2026, 11, 23))
    page.get_by_role("button", name="Une même personne").click()
    assert "LNK-052" in page.locator("#told").inner_text()
    assert len(decided(review.settings)) == len(first) + 2
    page.close()


def fetch(url: str, data: dict[str, str] | bytes | None = None, **headers: str) -> int:
    """The status of a request that no browser made."""
    body = urllib.parse.urlencode(data).encode() if isinstance(data, dict) else data
    request = urllib.request.Request(url, body, {name.replace("_", "-"): value for name, value in headers.items()})
    try:
        with urllib.request.urlopen(request) as answer:
            told = answer.headers
            assert told["Cache-Control"] == "no-store" and "default-src 'none'" in told["Content-Security-Policy"]
            return int(answer.status)
    except urllib.error.HTTPError as error:
        assert error.read() == b""
        return int(error.code)


def test_who_has_no_secret_gets_nothing(review: Review) -> None:
    item = open_items(review.settings)[0]
    at, form = f"{review.address}/{item.item_id}", {"kind": "same", "role": "identity steward", "reason": "other"}
    assert review.server_address[0] == "127.0.0.1"
    assert fetch(review.address) == fetch(at) == 200
    assert fetch(f"{review.origin}/") == fetch(f"{review.origin}/{'x' * 32}/fr") == 404
    assert fetch(review.address, Host="rebound.example") == 404
    assert fetch(at, form) == 403, "a form of another page"
    own = form | {"secret": review.form_secret}
    assert fetch(at, own, Origin="http://evil.example") == 403
    assert fetch(at, b"x" * (MAX_FORM + 1)) == 403
    assert fetch(f"{review.origin}/{'x' * 32}/fr/{item.item_id}", own) == 404
    assert decided(review.settings) == []
    assert fetch(at, own, Origin=review.origin) == 200
    assert len(decided(review.settings)) == 1


def test_what_matters_most_comes_first(review: Review) -> None:
    """Anna's doubt weighs 9 bits and stakes no row of the other person; luc's is a rule's, with one row on a side."""
    told = [(one.queue, one.reason, one.rows, one.stake) for one in open_items(review.settings)]
    assert [stake for *_, stake in told] == sorted((stake for *_, stake in told), reverse=True)
    assert {queue for queue, *_ in told} == {"match", "split"}
