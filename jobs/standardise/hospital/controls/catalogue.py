"""The catalogue of controls, and the page that is derived from it."""

from functools import cache

from jobs.core.settings import REPOSITORY
from jobs.standardise.layouts import read_csv

FOLDER = REPOSITORY / "schemas" / "controls"
HEAD = """# Hospital controls

Derived from `schemas/controls`; do not edit. What the national tools check, which rule of ours decides it, or why none
does. Titles and remedies of the rules are in [rules.md](rules.md); sources in `schemas/controls/SOURCES.md`.

A blocking control rejects the unit line, a signal lets it pass and is counted. What a list of codes decides, it decides
for the codes that it holds: no list is complete, and a code that it lacks is kept.
"""


@cache
def catalogue(name: str = "grouper_controls") -> list[dict[str, str]]:
    """Rows of one catalogue: ``grouper_controls``, ``file_errors`` or ``identity_return_codes``."""
    return read_csv(FOLDER / f"{name}.csv")


def controls_page() -> str:
    """Markdown of all three catalogues."""
    controls = catalogue()
    decided = sum(bool(one["implemented_by"]) for one in controls)
    counts = f"{decided} of {len(controls)} are decided, {len(controls) - decided} are not."
    parts = [
        HEAD,
        f"## Controls of the grouper\n\n{counts}\n",
        table(controls, ("control", "effect", "scope", "rule"), effect=True),
        "## Errors of files\n\nThose of the transmission tool.\n",
        table(catalogue("file_errors"), ("file", "code", "meaning")),
        "## Return codes of identities\n\nThose of the tool that makes pseudonyms in the hospital.\n",
        table(catalogue("identity_return_codes"), ("control", "value", "meaning")),
    ]
    return "\n".join(parts)


def table(rows: list[dict[str, str]], columns: tuple[str, ...], *, effect: bool = False) -> str:
    """A Markdown table: the columns as declared, then what decides a row, then what is to be known of it."""
    names = (*columns, "decided by", "note")
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    for row in rows:
        codes = ", ".join(f"`{code}`" for code in row["implemented_by"].split()) or "not decided"
        if effect and row["judged"] not in ("", row["effect"]):
            codes += f" ({row['judged']})"
        cells = [row[name].replace("|", "\\|") for name in columns] + [codes, row["reason"].replace("|", "\\|")]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"
