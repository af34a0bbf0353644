"""The catalogue of row and delivery rules: ``config/rules/<area>.json``. A code is never used again for another rule."""

import json
from dataclasses import dataclass
from functools import cache

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
    for path in sorted((REPOSITORY / "config" / "rules").glob("*.json")):
        for item in json.loads(path.read_text(encoding="utf-8")):
            if item["code"] in found or item["severity"] not in SEVERITIES:
                raise ConfigError(f"{path.name}: rule {item['code']} is declared twice or has no known severity.")
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


def rule(code: str) -> Rule:
    """One rule. Raises ConfigError when the code is not declared: no rejection without a reason and a remedy."""
    try:
        return rules()[code]
    except KeyError:
        raise ConfigError(f"Rule {code} is not declared in config/rules.") from None
