"""OSCOUR files from a few fields, and the emergency night on them, through the real pull."""

from dataclasses import replace
from typing import Any
from xml.sax.saxutils import escape

from pyspark.sql import SparkSession

from jobs.core.manifest import Manifest, describe_file, write_manifest
from jobs.core.register import COLUMNS, load_register
from jobs.core.schema import load_schema
from jobs.core.settings import Settings
from jobs.core.tables import write_table
from jobs.pull.job import pull
from jobs.standardise.context import Context, Standardised
from jobs.standardise.counts import intake_lines
from jobs.standardise.deliveries import complete_deliveries, read_pull
from jobs.standardise.hospital.emergency import FORMAT, standardise_visits
from jobs.standardise.intake import write_intake
from jobs.standardise.pools import standard_pool

FINESS, OTHER = "990000010", "990000028"
COVERS = ("2026-03-03", "2026-03-09")
VISIT = {
    "CP": "01100", "COMMUNE": "VILLE INVENTEE", "NAISSANCE": "14/02/1948", "SEXE": "M",
    "ENTREE": "05/03/2026 14:44", "SORTIE": "05/03/2026 16:10", "MODE_ENTREE": "8", "TRANSPORT": "PERSO",
    "GRAVITE": "2", "DP": "I10", "MODE_SORTIE": "8",
}  # fmt: skip
LISTS = {"LISTE_DA": "DA", "LISTE_ACTES": "ACTE"}


def visit(**fields: Any) -> str:
    """A PATIENT element; a field given as None is left out, lists are given by their element's name."""
    parts = []
    for name, value in (VISIT | fields).items():
        if name in LISTS:
            parts.append(f"<{name}>{''.join(f'<{LISTS[name]}>{one}</{LISTS[name]}>' for one in value)}</{name}>")
        elif value is not None:
            parts += [f"<{name}>{escape(one)}</{name}>" for one in ([value] if isinstance(value, str) else value)]
    return f"<PATIENT>{''.join(parts)}</PATIENT>"


def oscour(*visits: str, finess: str = FINESS) -> bytes:
    """A whole file."""
    head = f"<ETABLISSEMENT><FINESS>{finess}</FINESS><EXTRACT>10/03/2026 02:00:00</EXTRACT></ETABLISSEMENT>"
    body = "\n".join(visits)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<OSCOUR>{head}<PASSAGES>{body}</PASSAGES></OSCOUR>\n'.encode()


def register(settings: Settings) -> None:
    """A hospital that sends both feeds, and another one."""
    rows = [f"{one},hospital,{one},pmsi-mco {FORMAT},,,,nobody@example.org,active" for one in (FINESS, OTHER)]
    (settings.root / "producers.csv").write_text("\n".join([",".join(COLUMNS), *rows]) + "\n", encoding="utf-8")


def deposit(settings: Settings, delivery: str, files: dict[str, bytes], covers: tuple[str, str] = COVERS) -> None:
    """One complete delivery of emergency files."""
    folder = settings.landing / "hospital" / FINESS / delivery
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    entries = tuple(describe_file(folder / name) for name in sorted(files))
    produced = f"{covers[1]}T23:00:00+01:00"
    write_manifest(folder, Manifest(delivery, FINESS, "hospital", FORMAT, produced, *covers, "append", entries))


class Night:
    """What a night made of its deliveries: records by place, rows by table, and the state for the next night."""

    def __init__(self, spark: SparkSession, settings: Settings, night: str, base: dict[str, Any] | None = None):
        pull(settings, night, "hospital")
        found = read_pull(settings, "hospital", night)
        assert found is not None
        self.statuses = {one["delivery_id"]: (one["status"], one["rule"]) for one in found["deliveries"]}
        attempt = settings.work / f"attempt-{night}"
        attempt.mkdir()
        deliveries = [one for one in complete_deliveries(found, night) if one.format == FORMAT]
        self.context = Context(
            spark, settings, night, "hospital", deliveries, load_register(settings), base, attempt
        )  # fmt: skip
        self.result: Standardised = standardise_visits(self.context)
        records = self.context.cache(self.result.records)
        self.counts = write_intake(self.context, records, None)[
            1
        ]  # raises when a place occurs twice or a rejected record was not kept
        self.lines = intake_lines(self.context, self.counts)
        self.records = {(one.file, one.record): one for one in records.collect()}
        self.files: dict[str, Any] = dict((base or {}).get("tables", {}))
        self.tables: dict[str, list[Any]] = {}
        for name, frame in self.result.tables.items():
            self._write(name, frame, attempt)
        self.state = {"night": night, "tables": self.files, "claims": []}

    def _write(self, name: str, frame: Any, attempt: Any) -> None:
        schema, pool = load_schema(f"standard/{name}"), standard_pool(self.context.settings, "hospital")
        scope: Any = self.result.scope
        written = write_table(schema.select(frame), schema, pool, attempt)
        assert set(written) <= {"__".join(pair) for pair in scope[name]}
        kept = {
            part: files
            for part, files in self.files.get(name, {}).items()
            if tuple(part.split("__")) not in scope[name]
        }
        self.files[name] = kept | {part: [file.to_json() for file in files] for part, files in written.items()}
        state = replace(self.context, base={"tables": self.files})
        self.tables[name] = [one.asDict() for one in state.base_table(name).collect()]

    def outcome(self, file: str, record: int) -> str:
        """Outcome, rule and warnings in one text."""
        one = self.records[file, record]
        return " ".join(part for part in (one.outcome, one.rule, one.field, one.warnings) if part)
