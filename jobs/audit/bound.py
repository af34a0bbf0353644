"""Twelve months of audit are kept. What is older goes, and a closing record keeps the rest verifiable."""

from datetime import date
from pathlib import Path

from jobs.audit.check import CLOSED, check, read
from jobs.audit.log import audit, segments
from jobs.core.settings import Settings


def past(settings: Settings, night: str) -> list[Path]:
    """Segments older than the policy's ``audit_months``, counted back from the month of the night."""
    newest = date.fromisoformat(night)
    number = newest.year * 12 + newest.month - 1 - int(settings.policy["retention"].get("audit_months", 12))
    limit = f"{number // 12:04d}-{number % 12 + 1:02d}"
    return [path for path in segments(settings.audit) if path.stem < limit]


def close_past(settings: Settings, night: str) -> int:
    """Write the closing record, then remove what is past its time; the number of segments.

    Raises DataRefused when the audit is not whole: nothing is removed that could not be checked.
    """
    gone = past(settings, night)
    if not gone:
        return 0
    check(settings)
    lines = list(read(settings.audit))
    for path in gone:  # one closing record each: a kill in between leaves an audit that still proves itself
        own = [line.value for line in lines if line.segment == path.name]
        if own:
            told = {"lines": len(own), "last": own[-1]["n"]}
            audit(settings, CLOSED, night=night, segment=path.stem, key=own[-1]["hash"], counts=told)
        path.unlink()
    return len(gone)
