"""Invented people for the linkage tests: commune 999 exists nowhere, so that no number here is anybody's."""

import hashlib
from datetime import date
from typing import Any

from jobs.core.schema import load_schema

CLAIM = load_schema("identity/claim")


def number(sex: int, born: str, order: int = 1, department: str = "75") -> str:
    """A number of 13 characters for an invented person born on that day."""
    return f"{sex}{born[2:4]}{born[5:7]}{department}999{order:03d}"


def subject(label: str) -> str:
    """A subject token for a readable label such as ``H1:anna`` (source and producer, then patient)."""
    return hashlib.sha256(label.encode()).hexdigest()[:32]


SOURCES = {"H": "hospital", "P": "pharmacy", "D": "shared_record"}


def claim(label: str, born: str | None = None, sex: str | None = None, **traits: Any) -> dict[str, Any]:
    """One claim of the subject ``label``; its letter and digit name the source and the producer."""
    row: dict[str, Any] = dict.fromkeys(CLAIM.names)
    numbered = any(traits.get(name) for name in ("ins", "own_nir", "holder_nir"))
    row |= {
        "subject_id": subject(label),
        "night": "2026-11-22",
        "source": SOURCES[label[0]],
        "producer": label.split(":")[0],
        "delivery_id": "d1",
        "number_status": "valid" if numbered else "missing",
        "birth_date": date.fromisoformat(born) if born else None,
        "birth_date_text": born,
        "sex": sex,
    }
    row |= {"first_given_name": traits.pop("given", None), "family_name": traits.pop("name", None)}
    row |= {"used_name": traits.pop("used", None), "birth_place": traits.pop("place", None)}
    row |= {"birth_rank": traits.pop("rank", None)} | traits
    row["label"] = label
    row["claim_id"] = hashlib.sha256(repr(sorted(row.items())).encode()).hexdigest()[:32]
    return row
