"""The gate of a night: suites on what changed, balances of the ledger, limits of the policy, one decision."""

from pathlib import Path
from typing import Any

import pyarrow.dataset as ds

from jobs.core.cli import SOURCES
from jobs.core.errors import DataRefused
from jobs.core.nights import base_night, decision_path, decisions, require_serial, state_path
from jobs.core.schema import SCHEMAS, TableSchema, load_schema
from jobs.core.settings import Settings
from jobs.core.snapshot import DataFile, Partitions, files_of, read_json, tables_from_json, write_json
from jobs.disclosure.night import measure
from jobs.gate import reasons as because
from jobs.gate.linkage import measured_reasons
from jobs.release.pools import locate
from jobs.standardise.pools import intake_pool, proposal_path

UNLINKED = "new_person"
Tables = dict[str, Partitions]


def gate(settings: Settings, night: str, source: str | None = None) -> dict[str, Any]:
    """Judge the candidate of a night. Raises DataRefused, naming the first critical rule, when the answer is no."""
    require_serial(settings, night)
    candidate = pointer(settings.candidate / night / "candidate.json", "assemble")
    states = {name: pointer(state_path(settings, name, night), f"close --source {name}") for name in SOURCES}
    tables, base = tables_from_json(candidate["tables"]), base_tables(settings, night)
    results = judge_changes(settings, changed(tables, base))
    measure(settings, night, tables, base)
    reasons = because.in_order(
        because.suite_reasons(results)
        + balance(settings, candidate, states, tables, base)
        + limits(settings, night, states, tables, base)
    )
    critical = [item for item in reasons if item["severity"] == "critical"]
    decision = "refuse" if critical else "publish"
    verdict = {
        "night": night,
        "decision": decision,
        "reasons": reasons,
        "suites": results,
        "holds": because.holds(states),
    }
    write_json(settings.candidate / night / "gate.json", verdict)
    if critical:
        refuse(settings, night, critical)
    return {"decision": decision, "rules": len(results), "warnings": len(reasons), "holds": len(verdict["holds"])}


def refuse(settings: Settings, night: str, critical: list[dict[str, Any]]) -> None:
    """Record the refusal and raise it. A night that readers have already keeps its decision."""
    if decisions(settings).get(night, {}).get("decision") != "publish":
        codes = list(dict.fromkeys(item["code"] for item in critical))
        write_json(decision_path(settings, night), {"night": night, "decision": "refuse", "reasons": codes})
    raise DataRefused(because.sentence(critical[0]))


def pointer(path: Path, stage: str) -> Any:
    """A stage's pointer. Raises DataRefused naming the stage that has not run."""
    if not path.is_file():
        raise DataRefused(f"there is no {path.name} for this night; run jobs.{stage} first.")
    return read_json(path)


def base_tables(settings: Settings, night: str) -> Tables:
    """Tables of the release that this night follows; none before the first one."""
    base = base_night(settings, night)
    if base is None:
        return {}
    release = read_json(settings.published / decisions(settings)[base]["release"] / "release.json")
    return tables_from_json({name: item["partitions"] for name, item in release["tables"].items()})


def changed(tables: Tables, base: Tables) -> Tables:
    """Partitions with other files than in the base: the others were judged when they were new."""
    return {
        table: {part: files for part, files in parts.items() if base.get(table, {}).get(part) != files}
        for table, parts in tables.items()
    }


def judge_changes(settings: Settings, tables: Tables) -> list[dict[str, Any]]:
    """The suites on the rows of changed partitions; no Spark and no library when nothing changed."""
    if not any(tables.values()):
        return []
    from jobs.catalogue import suite_of
    from jobs.core.session import spark_session
    from jobs.suites import judge

    results: list[dict[str, Any]] = []
    size = sum(file.bytes for parts in tables.values() for file in files_of(parts))
    with spark_session(settings, "gate", size) as spark:
        for table, parts in sorted(tables.items()):
            schema, files = published(table), files_of(parts)
            if files and schema:
                paths = [str(locate(settings, file)) for file in files]
                frame = spark.read.schema(schema.spark).parquet(*paths)
                results += judge(frame, suite_of("published", table), schema)
    return results


def published(table: str) -> TableSchema | None:
    """The declaration of a published table."""
    return load_schema(f"published/{table}") if (SCHEMAS / "published" / f"{table}.json").is_file() else None


def care_rows(tables: Tables) -> dict[str, int]:
    """Rows of each table that is made from a standard table, from the snapshot alone."""
    found = {}
    for table, parts in tables.items():
        schema = published(table)
        if schema and schema.veillee.get("standard"):
            found[table] = sum(file.rows for file in files_of(parts))
    return found


def balance(
    settings: Settings, candidate: dict[str, Any], states: because.States, tables: Tables, base: Tables
) -> list[because.Reason]:
    """Both balances of the ledger."""
    before, after = care_rows(base), care_rows(tables)
    lines = [one for one in candidate.get("ledger", []) if one.get("table") in set(before) | set(after)]
    reads = {name: intake_rows(settings, name, state) for name, state in states.items()}
    return because.intake_reasons(reads, states) + because.table_reasons(before, after, lines)


def intake_rows(settings: Settings, source: str, state: dict[str, Any]) -> dict[str, int]:
    """Outcomes written per producer and delivery, counted in the intake files themselves."""
    path = proposal_path(settings, source, state["night"])
    if state["status"] in ("failed", "absent") or not path.is_file():
        return {}
    files = [DataFile.from_json(item) for item in read_json(path)["tables"].get("intake", [])]
    if not files:
        return {}
    pool = intake_pool(settings)
    table = ds.dataset([str(pool.path(file)) for file in files]).to_table(columns=["producer", "delivery_id"])
    groups = table.group_by(["producer", "delivery_id"]).aggregate([([], "count_all")]).to_pylist()
    return {f"{one['producer']}/{one['delivery_id']}": one["count_all"] for one in groups}


def limits(
    settings: Settings, night: str, states: because.States, tables: Tables, base: Tables
) -> list[because.Reason]:
    """The thresholds of ``[gate]`` in the policy."""
    policy = settings.policy["gate"]
    linked = settings.ledger / "linkage" / f"{night}.json"
    measures: dict[str, Any] = read_json(linked) if linked.is_file() else {"tiers": {}}
    tiers: dict[str, int] = measures["tiers"]
    return (
        because.source_reasons(states, policy["required_sources"])
        + because.quarantine_reasons(states, policy["max_quarantined_share"])
        + because.size_reasons(care_rows(base), care_rows(tables), policy["max_row_drop_share"])
        + because.linkage_reasons(tiers.get(UNLINKED, 0), sum(tiers.values()), policy["max_unlinked_share"])
        + measured_reasons(measures, settings.policy["linkage"])
    )
