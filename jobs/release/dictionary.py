"""The data dictionary, derived from ``schemas/published``: one text, in the documentation and in every release."""

from jobs.core.schema import Field, TableSchema, schemas_of

PRIVACY_WORDS = {
    "none": "none",
    "quasi": "quasi-identifier, generalised as declared",
    "token": "key of this publication, joins the tables of a release",
    "pseudonym": "pseudonym of the person",
}
GENERALISATION_WORDS = {
    "keep": "as in the source",
    "cap_90": "years, 90 and over together",
    "department": "postcode reduced to the department, those under 20,000 inhabitants together",
    "zone": "departments under 20,000 inhabitants together",
    "rekey": "re-keyed",
    "rekey_producer": "re-keyed: a small organisation can identify people",
    "pseudonym": "made from the person, never from the NIR",
}


def dictionary() -> str:
    """Markdown of all published tables."""
    parts = [
        "# Data dictionary",
        "",
        "Derived from `schemas/published`; do not edit. French titles stand beside the column names.",
        "",
    ]
    for schema in schemas_of("published"):
        parts += describe(schema)
    return "\n".join(parts)


def describe(schema: TableSchema) -> list[str]:
    """The section of one table."""
    warnings = [f"> {text}" for text in schema.veillee["usage_warnings"]]
    head = [
        f"## {schema.name}",
        "",
        f"*{schema.title}.* {schema.description}",
        "",
        f"Key: `{', '.join(schema.primary_key)}`. One file per `{', '.join(schema.partition) or 'table'}`, "
        f"sorted by `{', '.join(schema.sort)}`.",
        "",
    ]
    table = ["| column | type | titre | meaning | unit | codes | privacy |", "|---|---|---|---|---|---|---|"]
    rows = [row(item) for item in schema.fields]
    return head + ([*warnings, ""] if warnings else []) + table + rows + [""]


def row(item: Field) -> str:
    """The line of one column."""
    own = item.veillee
    kind = f"decimal({own['decimal'][0]},{own['decimal'][1]})" if item.type == "number" else item.type
    kind += "" if item.required else ", may be empty"
    privacy = PRIVACY_WORDS[item.privacy]
    if own.get("generalise", "keep") != "keep":
        privacy += f" ({GENERALISATION_WORDS[own['generalise']]})"
    values = item.constraints.get("enum")
    meaning = item.description + (f"; one of {', '.join(values)}" if values else "")
    cells = (f"`{item.name}`", kind, item.title, meaning, own.get("unit", ""), own.get("codes", ""), privacy)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
