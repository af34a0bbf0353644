"""From facts to pages: one file each, nothing fetched, nothing computed that is not in the facts."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from jobs.report.facts import rows_of
from jobs.report.words import WORDS

TEMPLATES = Path(__file__).parent / "templates"
CHART_WIDTH, CHART_HEIGHT = 240, 70


def environment() -> Environment:
    """Templates with escaping on, and an error on any name that is not given."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(
        words=WORDS,
        style=Markup((TEMPLATES / "style.css").read_text(encoding="utf-8")),  # noqa: S704  our own file, not data
        script=Markup((TEMPLATES / "script.js").read_text(encoding="utf-8")),  # noqa: S704  our own file, not data
    )
    return made


def render_page(facts: dict[str, Any], earlier: list[dict[str, Any]]) -> str:
    """The night's page."""
    return (
        environment()
        .get_template("page.html.j2")
        .render(
            run=facts,
            rows=rows_of(facts),
            charts=charts(facts, earlier),
        )
    )


def render_receipt(
    night: str, source: str, producer: dict[str, Any], rows: list[dict[str, Any]], catalogue: dict[str, Any]
) -> str:
    """One producer's receipt."""
    template = environment().get_template("receipt.html.j2")
    return template.render(night=night, source_name=source, producer=producer, rows=rows, catalogue=catalogue)


def charts(facts: dict[str, Any], points: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One bar chart per total; ``points`` are the nights shown, the present one last."""
    titles = {
        "read": ("Enregistrements lus", "Records read"),
        "quarantined": ("En quarantaine", "Quarantined"),
        "rows": ("Lignes publiées", "Rows published"),
    }
    return [
        {"title": title, "bars": bars(points, key), "first": points[0]["night"], "last": points[-1][key]}
        for key, title in titles.items()
    ]


def bars(points: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    """Rectangles of a chart, in the units of its view box."""
    step = CHART_WIDTH / max(len(points), 6)
    top = max((item[key] for item in points), default=0) or 1
    return [
        {
            "x": round(position * step + 1, 1),
            "y": round(CHART_HEIGHT - CHART_HEIGHT * item[key] / top, 1),
            "width": round(step - 2, 1),
            "height": round(CHART_HEIGHT * item[key] / top, 1),
            "night": item["night"],
            "value": item[key],
            "refused": item["decision"] == "refuse",
        }
        for position, item in enumerate(points)
    ]
