"""``run.json``: every fact of a night, for machines; the page shows these facts and no others."""

from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from jobs.core.errors import ConfigError
from jobs.core.nights import decision_path
from jobs.core.residency import load_storage
from jobs.core.rules import rule
from jobs.core.settings import Settings
from jobs.core.snapshot import DataFile, files_of, read_json, tables_from_json
from jobs.release.pools import locate
from jobs.report.documents import document_facts
from jobs.report.linkage import linkage
from jobs.report.masking import coarse
from jobs.report.sources import optional, source_facts
from jobs.standardise.pools import intake_pool

UNKNOWN, UNREAD = ~pc.field("code_known"), pc.field("ucd13").is_null()
CODES = {  # table: the column with the code as sent, its list, and when no loaded list has it
    "hospital_diagnosis": ("code", "cim10", UNKNOWN),
    "hospital_procedure": ("code", "ccam", UNKNOWN),
    "hospital_drug": ("ucd_sent", "ucd", UNREAD),
    "emergency_diagnosis": ("code", "cim10", UNKNOWN),
    "emergency_procedure": ("code", "ccam", UNKNOWN),
    "dispensation": ("cip13", "cip13", UNKNOWN),
}
TREND_NIGHTS = 12
WORKLIST_LENGTH = 50


def run_facts(settings: Settings, night: str) -> dict[str, Any]:
    """The facts of a night as they stand now, decided or not."""
    gate = optional(settings.candidate / night / "gate.json")
    candidate = optional(settings.candidate / night / "candidate.json")
    decided = optional(decision_path(settings, night))
    sources = source_facts(settings, night)
    return {
        "night": night,
        "kind": settings.kind,
        "decision": decided.get("decision", "undecided"),
        "release": decided.get("release"),
        "reasons": gate.get("reasons", []),
        "holds": [
            {
                "source": item["source"],
                **{
                    key: producer[key]
                    for key in ("producer", "name", "contact", "status", "rule", "held_since", "as_of")
                },
            }
            for item in sources
            for producer in item["producers"]
            if producer["status"] not in ("accepted", "missing", "open")
        ],
        "sources": sources,
        "documents": document_facts(settings, night),
        "tables": table_facts(settings, candidate),
        "failed_rules": failed_rules(settings, night, gate),
        "rejects": rejects(settings, night),
        "unknown_codes": unknown_codes(settings, candidate),
        "linkage": linkage(settings, night),
        "storage": load_storage(settings).to_json(),
        "report": f"reports/{night}/index.html",
    }


def table_facts(settings: Settings, candidate: dict[str, Any]) -> list[dict[str, Any]]:
    """Per table: rows before, added, removed and now. A row of ``person`` is a person, so its counts are masked."""
    below = settings.policy["privacy"]["mask_below"]
    moved: Counter[tuple[str, str]] = Counter()
    for line in candidate.get("ledger", []):
        moved[line["table"], line.get("event", "")] += line["count"]
    found = []
    for name, parts in sorted(tables_from_json(candidate.get("tables", {})).items()):
        rows = sum(file.rows for file in files_of(parts))
        added, removed = moved[name, "added"], moved[name, "removed"]
        counts: dict[str, int | None] = {
            "before": rows - added + removed,
            "added": added,
            "removed": removed,
            "rows": rows,
        }
        if name == "person":
            counts = {key: coarse(value, below) for key, value in counts.items() if value is not None}
        found.append({"table": name, "files": len(files_of(parts)), **counts})
    return found


def failed_rules(settings: Settings, night: str, gate: dict[str, Any]) -> list[dict[str, Any]]:
    """Rules of suites that failed, at the check of a source or at the gate; critical ones first."""
    suites = [("gate", gate.get("suites", []))]
    for path in sorted(settings.standard.glob(f"*/{night}/check.json")):
        suites.append((path.parent.parent.name, read_json(path).get("suites", [])))
    found = [failed_rule(where, result) for where, results in suites for result in results if not result["success"]]
    return sorted(found, key=lambda item: (item["severity"] != "critical", item["code"], item["where"]))


def failed_rule(where: str, result: dict[str, Any]) -> dict[str, Any]:
    """A failed rule with its counts, its words and where it was judged."""
    place = {"where": where, "code": result["code"], "table": result["table"]}
    counts = {"count": result.get("unexpected_count"), "total": result.get("element_count")}
    return place | counts | rule_words(result["code"]) | {"severity": result["severity"]}


def intake_table(settings: Settings, source_state: Path) -> Any:
    """The intake outcomes of a night as an Arrow table, or None when there are none."""
    files = [DataFile.from_json(item) for item in optional(source_state).get("tables", {}).get("intake", [])]
    if not files:
        return None
    pool = intake_pool(settings)
    return pq.read_table([str(pool.path(file)) for file in files])


def rejects(settings: Settings, night: str) -> list[dict[str, Any]]:
    """How often each record rule fired, for how many producers, most frequent first."""
    hits: Counter[tuple[str, str]] = Counter()
    producers: dict[tuple[str, str], set[str]] = {}
    for path in sorted(settings.standard.glob(f"*/{night}/proposal.json")):
        table = intake_table(settings, path)
        if table is None:
            continue
        source = path.parent.parent.name
        for producer, code_found, warnings in zip(
            *(table[name].to_pylist() for name in ("producer", "rule", "warnings")), strict=True
        ):
            for code in ([code_found] if code_found else []) + (warnings.split(",") if warnings else []):
                hits[source, code] += 1
                producers.setdefault((source, code), set()).add(producer)
    return [
        {"source": source, "rule": code, "count": count, "producers": len(producers[source, code]), **rule_words(code)}
        for (source, code), count in sorted(hits.items(), key=lambda item: (-item[1], item[0]))
    ]


def rule_words(code: str) -> dict[str, Any]:
    """Severity, owner, title and remedy of a rule in both languages; empty words for a code no longer declared."""
    try:
        found = rule(code)
    except ConfigError:
        return {"severity": "critical", "owner": "", "title": {"fr": code, "en": code}, "remedy": {"fr": "", "en": ""}}
    return {
        "severity": found.severity,
        "owner": found.owner,
        "title": {"fr": found.title_fr, "en": found.title_en},
        "remedy": {"fr": found.remedy_fr, "en": found.remedy_en},
    }


def unknown_codes(settings: Settings, candidate: dict[str, Any]) -> list[dict[str, Any]]:
    """Codes of no loaded nomenclature in the months that changed: the stewards' worklist, most frequent first.

    Of drugs those whose code is damaged, so that nothing could be read from it.
    """
    tables = tables_from_json(candidate.get("tables", {}))
    changed = candidate.get("changed", {})
    found: list[dict[str, Any]] = []
    for table, (column, code_list, unknown) in CODES.items():
        months = {part: tables[table][part] for part in changed.get(table, []) if part in tables.get(table, {})}
        paths = [str(locate(settings, file)) for file in files_of(months)]
        if not paths:
            continue
        told = pc.field(column).is_valid() & (pc.field(column) != "")
        codes = ds.dataset(paths).to_table(columns=[column], filter=unknown & told)
        counts = codes.group_by(column).aggregate([(column, "count")]).to_pylist()
        found += [
            {"list": code_list, "table": table, "code": item[column], "count": item[f"{column}_count"]}
            for item in counts
        ]
    return sorted(found, key=lambda item: (-item["count"], item["list"], item["code"]))[:WORKLIST_LENGTH]


def trend(settings: Settings, night: str) -> list[dict[str, Any]]:
    """Totals of this and the previous nights, oldest first, from their own run.json."""
    nights = sorted(path.parent.name for path in settings.reports.glob("*/run.json") if path.parent.name < night)
    earlier = [read_json(settings.reports / name / "run.json") for name in nights[-TREND_NIGHTS + 1 :]]
    return [point(item) for item in earlier]


def point(facts: dict[str, Any]) -> dict[str, Any]:
    """One night of the trend."""
    read = sum(item["read"] for item in facts["sources"])
    quarantined = sum(item["outcomes"]["quarantined"] for item in facts["sources"])
    return {
        "night": facts["night"],
        "decision": facts["decision"],
        "read": read,
        "quarantined": quarantined,
        "rows": rows_of(facts),
        "by_source": {item["source"]: item["read"] for item in facts["sources"]},
    }


def rows_of(facts: dict[str, Any]) -> int:
    """Rows of all tables that are not persons."""
    return sum(item["rows"] for item in facts["tables"] if item["table"] != "person")
