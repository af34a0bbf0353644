"""What a project may ask to coarsen, on top of what is published: one SQL expression each."""

from collections.abc import Callable
from dataclasses import dataclass

from jobs.core.schema import TableSchema

OLDEST = 90
RARE = "rare"  # codes of too few persons become their first three characters, then one, then this word
OTHER = "other"
DATE, TEXT, WHOLE, NUMBER = ("date",), ("string",), ("integer",), ("integer", "number")


@dataclass(frozen=True)
class Rule:
    """The types it is for, and the SQL made of a quoted column."""

    types: tuple[str, ...]
    sql: Callable[[str], str]


def band(years: int) -> Callable[[str], str]:
    """Ages in bands of some years; 90 and over together, and the unborn with the first band."""

    def sql(column: str) -> str:
        low = f"(greatest({column}, 0) // {years} * {years})"
        return (
            f"CASE WHEN {column} IS NULL THEN NULL WHEN {column} >= {OLDEST} THEN '{OLDEST}+' "
            f"ELSE {low} || '-' || ({low} + {years - 1}) END"
        )

    return sql


RULES: dict[str, Rule] = {
    "band_5": Rule(WHOLE, band(5)),
    "band_10": Rule(WHOLE, band(10)),
    "month": Rule(DATE, lambda column: f"strftime({column}, '%Y-%m')"),
    "quarter": Rule(DATE, lambda column: f"year({column}) || '-Q' || quarter({column})"),
    "year": Rule(DATE, lambda column: f"year({column})::VARCHAR"),
    "first_1": Rule(TEXT, lambda column: f"left({column}, 1)"),
    "first_3": Rule(TEXT, lambda column: f"left({column}, 3)"),
    "first_5": Rule(TEXT, lambda column: f"left({column}, 5)"),
    "hundreds": Rule(NUMBER, lambda column: f"(floor({column} / 100) * 100)::BIGINT"),
    RARE: Rule(TEXT, lambda column: column),
}


def token_columns(schema: TableSchema, columns: tuple[str, ...]) -> dict[str, str]:
    """Columns that name somebody or something by a token, with the domain under which a project gets its own."""
    domains = {"pseudonym": "person", "token": "token"}
    found = {name: domains[schema[name].privacy] for name in columns if schema[name].privacy in domains}
    rekeyed = {name for name in columns if schema[name].veillee.get("generalise") == "rekey_producer"}
    return found | dict.fromkeys(rekeyed, "producer")
