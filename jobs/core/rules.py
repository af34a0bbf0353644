"""Every rule by its code: from ``config/rules`` (rows, deliveries, nights), ``expectations`` (tables), or derived.

A code is never used again for another rule.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from jobs.core.errors import ConfigError
from jobs.core.settings import REPOSITORY

SEVERITIES = ("critical", "warning")


@dataclass(frozen=True)
class Rule:
    """What a code means, who owns it and what to do, in both languages of the report."""

    code: str
    severity: str
    scope: str
    owner: str
    title_fr: str
    title_en: str
    remedy_fr: str
    remedy_en: str


@cache
def rules() -> dict[str, Rule]:
    """Every declared rule by code. Raises ConfigError when a code is declared twice."""
    found: dict[str, Rule] = {}
    for name, item in declared():
        if item["code"] in found or item["severity"] not in SEVERITIES:
            raise ConfigError(f"{name}: rule {item['code']} is declared twice or has no known severity.")
        found[item["code"]] = Rule(
            code=item["code"],
            severity=item["severity"],
            scope=item["scope"],
            owner=item["owner"],
            title_fr=item["title"]["fr"],
            title_en=item["title"]["en"],
            remedy_fr=item["remedy"]["fr"],
            remedy_en=item["remedy"]["en"],
        )
    return found


def declared() -> Iterator[tuple[str, dict[str, Any]]]:
    """File name and declaration of every rule, those of the suites in the shape of the others."""
    for path in sorted((REPOSITORY / "config" / "rules").glob("*.json")):
        for item in json.loads(path.read_text(encoding="utf-8")):
            yield path.name, item
    for path in sorted((REPOSITORY / "expectations").glob("[!_]*.json")):
        suite = json.loads(path.read_text(encoding="utf-8"))
        scope = "delivery" if suite["zone"] == "measures" else "table"
        for item in suite["expectations"]:
            yield path.name, {**item["meta"], "severity": item["severity"], "scope": scope}


def rule(code: str) -> Rule:
    """One rule. Raises ConfigError when the code is not declared: no rejection without a reason and a remedy."""
    if code.startswith("STR-"):
        return structure_rule(code)
    try:
        return rules()[code]
    except KeyError:
        raise ConfigError(f"Rule {code} is not declared in config/rules or expectations.") from None


def structure_rule(code: str) -> Rule:
    """A rule derived from ``schemas``: ``STR-<table>-`` with ``<column>-<kind>``, ``key`` or ``columns``."""
    table, _, rest = code.removeprefix("STR-").partition("-")
    return Rule(
        code=code,
        severity="critical",
        scope="table",
        owner="core",
        title_fr=f"Structure de {table} non conforme à sa déclaration : {rest}",
        title_en=f"Structure of {table} not as declared: {rest}",
        remedy_fr=f"Comparer schemas/*/{table}.json à ce que le traitement écrit : l'un des deux est à corriger.",
        remedy_en=f"Compare schemas/*/{table}.json with what the job writes: one of the two has to be corrected.",
    )
