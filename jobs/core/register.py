"""The register of producers: who may deposit, in which format and dialect, and what to expect of them."""

import csv
import re
from dataclasses import dataclass

from jobs.core.cli import SOURCES
from jobs.core.errors import ConfigError
from jobs.core.settings import Settings

COLUMNS = (
    "producer", "source", "name", "format", "dialect", "expected_records", "due_hour", "contact", "status",
    "department",
)  # fmt: skip
OPTIONAL = ("department",)
STATUSES = ("active", "planned", "closed")


@dataclass(frozen=True)
class Producer:
    """One line of the register; ``expected_records`` a night, ``due_hour`` (Europe/Paris), ``department`` if known.

    ``format`` is the cell as written: one format, or several separated by a blank.
    """

    producer: str
    source: str
    name: str
    format: str
    dialect: str
    expected_records: int | None
    due_hour: int | None
    contact: str
    status: str
    department: str = ""

    @property
    def formats(self) -> tuple[str, ...]:
        """The formats that the producer may deposit in, the usual one first."""
        return tuple(self.format.split())


def load_register(settings: Settings) -> dict[str, Producer]:
    """All producers by identifier. Raises ConfigError naming the line at fault."""
    if not settings.register.is_file():
        raise ConfigError(f"{settings.register} is missing: it says who may deposit (docs/how-to/add-a-producer.md).")
    with settings.register.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        if tuple(reader.fieldnames or ()) not in (COLUMNS, COLUMNS[: -len(OPTIONAL)]):
            raise ConfigError(f"{settings.register}: the header must be {','.join(COLUMNS)}.")
        found: dict[str, Producer] = {}
        for line, row in enumerate(reader, start=2):
            producer = parse_line(row, f"{settings.register} line {line}")
            if producer.producer in found:
                raise ConfigError(f"{settings.register} line {line}: {producer.producer} is registered twice.")
            found[producer.producer] = producer
    return found


def parse_line(row: dict[str, str], where: str) -> Producer:
    """One producer from one line of the register."""
    if not re.fullmatch(r"[A-Za-z0-9-]{1,32}", row["producer"] or ""):
        raise ConfigError(f"{where}: a producer's identifier is 1 to 32 letters, digits or hyphens.")
    if row["source"] not in SOURCES:
        raise ConfigError(f"{where}: the source must be one of {', '.join(SOURCES)}.")
    if row["status"] not in STATUSES:
        raise ConfigError(f"{where}: the status must be one of {', '.join(STATUSES)}.")
    if not re.fullmatch(r"(\d{2}|2[AB]|9[78]\d)?", row.get("department") or ""):
        raise ConfigError(f"{where}: a department is two digits, 2A, 2B, or three digits overseas.")
    formats = row["format"].split()
    if len(set(formats)) != len(formats):
        raise ConfigError(f"{where}: a format is named twice.")
    return Producer(
        producer=row["producer"],
        source=row["source"],
        name=row["name"],
        format=row["format"],
        dialect=row["dialect"],
        expected_records=number(row["expected_records"], where),
        due_hour=number(row["due_hour"], where),
        contact=row["contact"],
        status=row["status"],
        department=row.get("department") or "",
    )


def number(text: str, where: str) -> int | None:
    """A whole number or nothing. Raises ConfigError on anything else."""
    if not text:
        return None
    if not text.isdigit():
        raise ConfigError(f"{where}: {text!r} is no whole number.")
    return int(text)
