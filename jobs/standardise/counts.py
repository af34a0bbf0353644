"""What was read and what became of it, per producer, delivery and file."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from jobs.core.ledger import OUTCOMES, Unbalanced, check_intake, line
from jobs.core.rules import rule
from jobs.core.snapshot import Partitions
from jobs.replay.release import Released
from jobs.standardise.context import Context, Standardised
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

    def warn(self, warned: dict[str, dict[str, int]]) -> None:
        """Count warnings that no record bears, by producer."""
        for producer, codes in warned.items():
            for code, count in codes.items():
                self.warnings[producer][rule(code).code] += count

    @property
    def read(self) -> int:
        """All records read."""
        return sum(self.files.values())

    @property
    def quarantined(self) -> int:
        """Records that were rejected."""
        return sum(count for key, count in self.outcomes.items() if key[2] == "quarantined")

    def of(self, outcome: str) -> int:
        """Records with one outcome."""
        return sum(count for key, count in self.outcomes.items() if key[2] == outcome)

    def rules(self) -> dict[str, int]:
        """Rejected and ignored records by rule."""
        found: Counter[str] = Counter()
        for (_, _, _, code), count in self.outcomes.items():
            if code:
                found[code] += count
        return dict(sorted(found.items()))

    def by_producer(self) -> "dict[str, Counts]":
        """The counts of each producer; one that is not counted has none."""
        found: dict[str, Counts] = defaultdict(Counts)
        for outcome, count in self.outcomes.items():
            found[outcome[0]].outcomes[outcome] = count
        for file, count in self.files.items():
            found[file[0]].files[file] = count
        for producer, warnings in self.warnings.items():
            found[producer].warnings[producer] = warnings
        return found


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
    result: Standardised,
    tables: dict[str, Partitions],
    released: Released,
) -> dict[str, Any]:
    """The part of the proposal that check, close and the report read, by producer. Each list is walked once."""
    deliveries: dict[str, list[Delivery]] = defaultdict(list)
    for one in context.deliveries:
        deliveries[one.producer].append(one)
    own, let_in = counts.by_producer(), released.by_producer()
    periods, parts = scope_by_producer(result.scope), parts_by_producer(tables)
    return {
        producer: intake_entry(producer, deliveries[producer], own[producer], let_in[producer])
        | {
            "scope": {table: sorted(periods[producer, table]) for table in sorted(result.scope)},
            "rows": {
                table: sum(file.rows for files in parts[producer, table].values() for file in files) for table in tables
            },
            "tables": {
                table: {
                    part: [file.to_json() for file in files] for part, files in sorted(parts[producer, table].items())
                }
                for table in tables
            },
            **({"remembered": result.remembered[producer]} if producer in result.remembered else {}),
        }
        for producer in sorted(deliveries)
    }


def scope_by_producer(scope: dict[str, list[tuple[str, str]]]) -> dict[tuple[str, str], list[str]]:
    """Periods by producer and table."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for table, pairs in scope.items():
        for producer, period in pairs:
            found[producer, table].append(period)
    return found


def parts_by_producer(tables: dict[str, Partitions]) -> dict[tuple[str, str], Partitions]:
    """Partitions by producer and table."""
    found: dict[tuple[str, str], Partitions] = defaultdict(dict)
    for table, parts in tables.items():
        for part, files in parts.items():
            found[part.split("__", 1)[0], table][part] = files
    return found


def intake_entry(producer: str, deliveries: list[Delivery], counts: Counts, released: Released) -> dict[str, Any]:
    """What a producer's entry says of what was read; all arguments are the producer's own."""
    fresh = [one for one in deliveries if not one.replayed]
    declared = [one.declared for one in fresh]
    return {
        "deliveries": [one.delivery_id for one in fresh],
        "replayed": [one.delivery_id for one in deliveries if one.replayed],
        "released": released.count,
        "read": counts.read,
        "read_by_format": read_by_format(counts, fresh),
        "released_by_format": released_by_format(deliveries, released),
        **{outcome: counts.of(outcome) for outcome in OUTCOMES},
        "declared": sum(d for d in declared if d is not None) if None not in declared and declared else None,
        "rules": counts.rules(),
        "warnings": dict(sorted((counts.warnings.get(producer, Counter()) + file_warnings(counts, fresh)).items())),
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


def released_by_format(deliveries: list[Delivery], released: Released) -> dict[str, int]:
    """Records by format that held deliveries let in tonight. Single records taken in again make no volume."""
    found: Counter[str] = Counter()
    for one in deliveries:
        if one.replayed:
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
