"""The rules on tables: structure derived from ``schemas``, judgement read from ``expectations``, in one shape."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import jsonschema

from jobs.core.errors import ConfigError
from jobs.core.rules import rules, structure_rule
from jobs.core.schema import Field, TableSchema, load_schema, schemas_of, source_of
from jobs.core.settings import REPOSITORY

EXPECTATIONS = REPOSITORY / "expectations"
ROW_TYPES = (
    "expect_column_values_to_be_in_set",
    "expect_column_values_to_be_between",
    "expect_column_values_to_not_be_null",
    "expect_column_values_to_match_regex",
    "expect_column_pair_values_a_to_be_greater_than_b",
)


@dataclass(frozen=True)
class Check:
    """One rule on one table. ``type`` and ``kwargs`` are those of a Great Expectations expectation.

    A share over fewer than ``least_rows`` rows is not judged. ``key`` checks are computed outside Great Expectations.
    """

    code: str
    table: str
    zone: str
    type: str
    kwargs: dict[str, Any] = field(hash=False)
    severity: str
    owner: str
    title: dict[str, str] = field(hash=False)
    remedy: dict[str, str] = field(hash=False)
    least_rows: int = 0

    @property
    def columns(self) -> list[str]:
        """The columns that the check looks at."""
        names = ("column", "column_A", "column_B")
        return [self.kwargs[name] for name in names if name in self.kwargs] + self.kwargs.get("column_list", [])

    @property
    def by_row(self) -> bool:
        """Whether single rows fail it, so that they can be counted per producer."""
        return self.type in ROW_TYPES

    @property
    def mostly(self) -> float:
        """The share of rows that must pass."""
        return float(self.kwargs.get("mostly", 1))


@dataclass(frozen=True)
class Suite:
    """All checks of a table; ``columns`` are derived in SQL before the judgement."""

    name: str
    columns: dict[str, str] = field(hash=False)
    checks: tuple[Check, ...]


@cache
def read_suite(name: str) -> dict[str, Any]:
    """One suite file as written. Raises ConfigError naming the place that ``_schema.json`` does not allow."""
    value: dict[str, Any] = json.loads((EXPECTATIONS / f"{name}.json").read_text(encoding="utf-8"))
    schema = json.loads((EXPECTATIONS / "_schema.json").read_text(encoding="utf-8"))
    for error in jsonschema.Draft202012Validator(schema).iter_errors(value):
        raise ConfigError(f"expectations/{name}.json: {'/'.join(map(str, error.absolute_path))}: {error.message}")
    for item in value["expectations"]:
        if value["zone"] == "standard" and item["severity"] == "critical" and item["type"] not in ROW_TYPES:
            raise ConfigError(f"{name}: {item['meta']['code']} is critical but cannot be counted per producer.")
    return value


def judgement(name: str) -> tuple[Check, ...]:
    """The hand-written checks of a suite."""
    value = read_suite(name)
    return tuple(
        Check(
            code=item["meta"]["code"],
            table=value["table"],
            zone=value["zone"],
            type=item["type"],
            kwargs=item["kwargs"],
            severity=item["severity"],
            owner=item["meta"]["owner"],
            title=item["meta"]["title"],
            remedy=item["meta"]["remedy"],
            least_rows=item["meta"].get("least_rows", 0),
        )
        for item in value["expectations"]
    )


def suite_of(zone: str, table: str) -> Suite:
    """Structure and judgement of a table; a table without a suite file has structure only."""
    name = f"{zone}_{table}"
    structural = structure(load_schema(f"{zone}/{table}"))
    if not (EXPECTATIONS / f"{name}.json").is_file():
        return Suite(name, {}, structural)
    return Suite(name, read_suite(name)["columns"], structural + judgement(name))


def structure(schema: TableSchema) -> tuple[Check, ...]:
    """Required, allowed values, pattern, range and key, as ``schemas`` declares them."""
    found = [check for item in schema.fields for check in field_checks(schema, item)]
    if schema.primary_key:
        found.append(structural(schema, "key", "key", {"column_list": list(schema.primary_key)}))
    return tuple(found)


def field_checks(schema: TableSchema, item: Field) -> Iterator[Check]:
    """The checks of one column."""
    limits = item.constraints
    column = {"column": item.name}
    if item.required:
        yield structural(schema, f"{item.name}-required", "expect_column_values_to_not_be_null", column)
    if "enum" in limits:
        values = [int(value) for value in limits["enum"]] if item.type == "integer" else list(limits["enum"])
        allowed = {**column, "value_set": values}
        yield structural(schema, f"{item.name}-enum", "expect_column_values_to_be_in_set", allowed)
    if "pattern" in limits:
        shape = {**column, "regex": limits["pattern"]}
        yield structural(schema, f"{item.name}-pattern", "expect_column_values_to_match_regex", shape)
    ends = {f"{end[:3]}_value": limits[end] for end in ("minimum", "maximum") if end in limits}
    if ends:
        yield structural(schema, f"{item.name}-range", "expect_column_values_to_be_between", {**column, **ends})


def structural(schema: TableSchema, what: str, kind: str, kwargs: dict[str, Any]) -> Check:
    """A critical check that follows from a declaration."""
    words = structure_rule(f"STR-{schema.name}-{what}")
    return Check(
        code=words.code,
        table=schema.name,
        zone=schema.zone,
        type=kind,
        kwargs=kwargs,
        severity="critical",
        owner=owner_of(schema),
        title={"fr": words.title_fr, "en": words.title_en},
        remedy={"fr": words.remedy_fr, "en": words.remedy_en},
    )


def owner_of(schema: TableSchema) -> str:
    """Who answers for a table: its source, or the pipeline itself for what no producer sends."""
    standard = schema.name if schema.zone == "standard" else schema.veillee.get("standard")
    return source_of(standard) if standard else "core"


def with_policy(checks: tuple[Check, ...], policy: dict[str, Any]) -> tuple[Check, ...]:
    """Checks whose ``{"policy": "hold.x"}`` limits are replaced by the number in ``config/policy.toml``."""

    def limit(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        section, name = value["policy"].split(".")
        return policy[section][name]

    return tuple(replace(one, kwargs={key: limit(value) for key, value in one.kwargs.items()}) for one in checks)


def rule_catalogue() -> str:
    """Markdown of every rule: what it says, who owns it, what to do."""
    head = "| code | severity | owner | titre | title | remedy |\n|---|---|---|---|---|---|"
    lines = ["# Rules", "", "Derived from `config/rules`, `expectations` and `schemas`; do not edit.", "", head]
    for code, one in sorted(rules().items()):
        cells = (f"`{code}`", one.severity, one.owner, one.title_fr, one.title_en, one.remedy_en)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    lines += ["", "## Structure", "", "Critical, derived from the declarations; codes per table:", ""]
    for zone in ("standard", "published"):
        for schema in schemas_of(zone):
            codes = ", ".join(f"`{one.code.removeprefix(f'STR-{schema.name}-')}`" for one in structure(schema))
            lines.append(f"* `STR-{schema.name}-…` ({zone}): {codes}")
    return "\n".join(lines) + "\n"
