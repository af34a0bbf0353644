"""The report as a steward sees it: on a phone, on a laptop and on paper, without the network."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from jobs.core.settings import Settings
from jobs.core.snapshot import read_json
from tests.nights import FIRST, chromium

QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(chromium()), args=list(QUIET))
        yield started
        started.close()


@pytest.mark.parametrize(("width", "height"), [(390, 844), (1280, 800), (794, 1123)], ids=["phone", "laptop", "A4"])
def test_the_page_fits_and_asks_for_nothing(browser: Browser, in_root: Settings, width: int, height: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": height})
    asked: list[str] = []
    trouble: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.goto((in_root.reports / FIRST / "index.html").as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert [url for url in asked if not url.startswith("file:")] == []
    assert trouble == []
    assert page.locator("#documents .scroll").evaluate("box => box.scrollWidth <= box.clientWidth")
    box = page.locator("#verdict").bounding_box()
    assert box is not None and box["y"] < height / 3
    page.close()


def test_a_reader_switches_language_and_opens_a_receipt(browser: Browser, in_root: Settings) -> None:
    page = browser.new_page()
    page.goto((in_root.reports / FIRST / "index.html").as_uri())
    assert page.locator("#verdict").inner_text().startswith("Publiée")
    page.locator("#switch").click()
    assert page.locator("#verdict").inner_text().startswith("Published")
    page.locator("#producers details summary").first.click()
    page.locator("#producers a").first.click()
    assert "Accusé de réception" in page.locator("h1").inner_text()
    page.close()


def test_documents_are_shown_by_type_carrier_and_outcome(browser: Browser, in_root: Settings) -> None:
    page = browser.new_page()
    page.goto((in_root.reports / FIRST / "index.html").as_uri())
    rows = [line.split("\t") for line in page.locator("#documents table").inner_text().splitlines()]
    facts = read_json(in_root.reports / FIRST / "run.json")["documents"]
    told = [cells for cells in rows if len(cells) == 6][1:]
    assert len(told) == len(facts["rows"]) > 5
    assert {cells[1] for cells in told} == {"CDA seul", "paquet IHE_XDM", "export FHIR"}
    shown = sum(int(cell) for cells in told for cell in cells[2:])
    assert shown == facts["total"] == sum(sum(one["outcomes"].values()) for one in facts["rows"])
    page.locator("#switch").click()
    english = page.locator("#documents").inner_text()
    assert all(carrier in english for carrier in ("bare CDA", "IHE_XDM package", "FHIR export"))
    assert "export FHIR" not in english
    page.close()


def test_paper_shows_every_producer_and_no_button(browser: Browser, in_root: Settings) -> None:
    page = browser.new_page()
    page.goto((in_root.reports / FIRST / "index.html").as_uri())
    page.emulate_media(media="print")
    assert not page.locator("#switch").is_visible()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("#producers details:not([open])").count() == 0
    page.close()
