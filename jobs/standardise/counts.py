"""What was read and what became of it, per producer, delivery and file."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from jobs.core.ledger import OUTCOMES, Unbalanced, check_intake, line
from jobs.core.rules import rule
from jobs.core.snapshot import Partitions
from jobs.replay.release import Released
from jobs.standardise.context import Context
from jobs.standardise.deliveries import Delivery

DECLARED_DIFFERS = "DEL-020"
FILE_WITHOUT_RECORD = "DEL-021"


@dataclass
class Counts:
    """Records by (producer, delivery, outcome, rule), by file, and warnings by producer."""

    outcomes: Counter[tuple[str, str, str, str | None]] = field(default_factory=Counter)
    files: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    warnings: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def add(
        self, producer: str, delivery: str, file: str, outcome: str, code: str | None, warned: str | None, count: int
    ) -> None:
        """Count some records of one file. Raises Unbalanced when the outcome is none, or has no reason or one too many.

        Each record has one outcome, and a declared rule exactly when it was rejected or ignored.
        """
        where = f"delivery {delivery} of {producer}"
        if outcome not in OUTCOMES:
            raise Unbalanced(f"{where}: a record has no outcome.")
        if (outcome in ("quarantined", "ignored")) != (code is not None):
            raise Unbalanced(f"{where}: records are {outcome} {'with' if code else 'without'} a rule.")
        if code is not None:
            rule(code)
        self.outcomes[producer, delivery, outcome, code] += count
        self.files[producer, delivery, file] += count
        for one in (warned or "").split(","):
            if one:
                self.warnings[producer][rule(one).code] += count

    @property
    def read(self) -> int:
        """All records read."""
        return sum(self.files.values())

    @property
    def quarantined(self) -> int:
        """Records that were rejected."""
        return sum(count for key, count in self.outcomes.items() if key[2] == "quarantined")

    def of(self, producer: str, outcome: str) -> int:
        """Records of a producer with one outcome."""
        return sum(count for key, count in self.outcomes.items() if key[0] == producer and key[2] == outcome)

    def rules(self, producer: str) -> dict[str, int]:
        """Rejected and ignored records of a producer by rule."""
        found: Counter[str] = Counter()
        for (owner, _, _, code), count in self.outcomes.items():
            if owner == producer and code:
                found[code] += count
        return dict(sorted(found.items()))


def intake_lines(context: Context, counts: Counts) -> list[dict[str, Any]]:
    """Ledger lines of the intake, balanced against what was read per delivery."""
    lines = [
        line(
            count,
            stage="standardise",
            source=context.source,
            producer=producer,
            delivery_id=delivery,
            outcome=outcome,
            rule=code,
        )
        for (producer, delivery, outcome, code), count in counts.outcomes.items()
    ]
    read: Counter[str] = Counter()
    for (producer, delivery, _), count in counts.files.items():
        read[f"{producer}/{delivery}"] += count
    check_intake(dict(read), [one | {"delivery_id": f"{one['producer']}/{one['delivery_id']}"} for one in lines])
    return lines


def producer_entries(
    context: Context,
    counts: Counts,
    scope: dict[str, list[tuple[str, str]]],
    tables: dict[str, Partitions],
    released: Released,
) -> dict[str, Any]:
    """The part of the proposal that check, close and the report read, by producer."""
    return {
        producer: producer_entry(context, counts, producer, scope, tables, released)
        for producer in sorted({one.producer for one in context.deliveries})
    }


def producer_entry(
    context: Context,
    counts: Counts,
    producer: str,
    scope: dict[str, list[tuple[str, str]]],
    tables: dict[str, Partitions],
    released: Released,
) -> dict[str, Any]:
    """One producer's entry."""
    fresh = [one for one in context.deliveries if one.producer == producer and not one.replayed]
    declared = [one.declared for one in fresh]
    own = {
        table: {part: files for part, files in parts.items() if part.split("__", 1)[0] == producer}
        for table, parts in tables.items()
    }
    return {
        "deliveries": [one.delivery_id for one in fresh],
        "replayed": [one.delivery_id for one in context.deliveries if one.producer == producer and one.replayed],
        "released": released.count(producer),
        "read": sum(count for key, count in counts.files.items() if key[0] == producer),
        "read_by_format": read_by_format(counts, fresh),
        "released_by_format": released_by_format(context, released, producer),
        **{outcome: counts.of(producer, outcome) for outcome in OUTCOMES},
        "declared": sum(d for d in declared if d is not None) if None not in declared and declared else None,
        "rules": counts.rules(producer),
        "warnings": dict(sorted((counts.warnings.get(producer, Counter()) + file_warnings(counts, fresh)).items())),
        "scope": {
            table: sorted(period for owner, period in pairs if owner == producer)
            for table, pairs in sorted(scope.items())
        },
        "rows": {table: sum(file.rows for files in parts.values() for file in files) for table, parts in own.items()},
        "tables": {
            table: {part: [file.to_json() for file in files] for part, files in sorted(parts.items())}
            for table, parts in own.items()
        },
    }


def read_by_format(counts: Counts, deliveries: list[Delivery]) -> dict[str, int]:
    """Records read by format; a delivery without a record still names its format."""
    found: Counter[str] = Counter()
    read: Counter[tuple[str, str]] = Counter()
    for (producer, delivery, _), count in counts.files.items():
        read[producer, delivery] += count
    for one in deliveries:
        found[one.format] += read[one.producer, one.delivery_id]
    return dict(sorted(found.items()))


def released_by_format(context: Context, released: Released, producer: str) -> dict[str, int]:
    """Records by format that held deliveries let in tonight. Single records taken in again make no volume."""
    found: Counter[str] = Counter()
    for one in context.deliveries:
        if one.producer == producer and one.replayed:
            found[one.format] += released.whole[one.producer, one.delivery_id]
    return {name: count for name, count in sorted(found.items()) if count}


def file_warnings(counts: Counts, deliveries: list[Delivery]) -> Counter[str]:
    """Files whose number of records is not the declared one, and files that gave no record at all."""
    found: Counter[str] = Counter()
    for one in deliveries:
        for item in one.files:
            read = counts.files[one.producer, one.delivery_id, item["name"]]
            if item.get("records") is not None and item["records"] != read:
                found[DECLARED_DIFFERS] += 1
            if read == 0 and item["bytes"] > 0 and item.get("records") != 0:
                found[FILE_WITHOUT_RECORD] += 1
    return found
