"""XML templates: the text of ``templates/`` with values put in, escaped unless they are markup themselves."""

from functools import cache
from pathlib import Path
from string import Template
from xml.sax.saxutils import escape

FOLDER = Path(__file__).parent / "templates"
QUOTE = {'"': "&quot;"}


class Markup(str):
    """Text that is XML already."""


@cache
def template(name: str) -> Template:
    """A template by name."""
    return Template((FOLDER / f"{name}.xml").read_text(encoding="utf-8"))


def fill(which: str, /, **values: object) -> Markup:
    """A template with every placeholder filled; what is not Markup is escaped for text and attributes."""
    safe = {key: value if isinstance(value, Markup) else escape(str(value), QUOTE) for key, value in values.items()}
    return Markup(template(which).substitute(safe))


def attributes(**values: str) -> Markup:
    """Attributes in the order given, escaped."""
    return Markup(" ".join(f'{name}="{escape(value, QUOTE)}"' for name, value in values.items()))


def text(value: str) -> Markup:
    """Escaped text."""
    return Markup(escape(value, QUOTE))
