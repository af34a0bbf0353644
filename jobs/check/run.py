"""The check of a source: suites on the proposed tables, measures on the producers, one verdict for each producer."""

from typing import TYPE_CHECKING, Any

from jobs.core.errors import DataRefused
from jobs.core.nights import previous_state, state_path
from jobs.core.settings import Settings
from jobs.core.snapshot import DataFile, Partitions, files_of, read_json, write_json
from jobs.standardise.pools import proposal_path, standard_pool

if TYPE_CHECKING:
    from jobs.catalogue import Check

Failures = dict[str, list[dict[str, Any]]]


def check_night(settings: Settings, night: str, source: str | None) -> dict[str, Any]:
    """Judge what a source proposes: one verdict per producer. Raises DataRefused when nothing was proposed yet."""
    assert source is not None
    path = state_path(settings, source, night).with_name("check.json")
    if state_path(settings, source, night).is_file() and path.is_file():
        return summary(read_json(path))  # closed: what was decided is not judged anew
    if not proposal_path(settings, source, night).is_file():
        raise DataRefused("standardise has proposed nothing for this night; run it first.")
    proposal = read_json(proposal_path(settings, source, night))
    verdict = judge_proposal(settings, proposal) if proposal["producers"] else {"producers": {}, "suites": []}
    write_json(path, {"night": night, "source": source, **verdict})
    return summary(verdict)


def judge_proposal(settings: Settings, proposal: dict[str, Any]) -> dict[str, Any]:
    """Verdicts of all producers of a proposal, and the results that they rest on."""
    base = previous_state(settings, proposal["source"], proposal["night"])
    results, failures = judge_tables(settings, proposal, base)
    measured, found = judge_measures(settings, proposal, base)
    results += measured
    for producer, more in found.items():
        failures.setdefault(producer, []).extend(more)
    return {"producers": {name: verdict(failures.get(name, [])) for name in proposal["producers"]}, "suites": results}


def verdict(failed: list[dict[str, Any]]) -> dict[str, Any]:
    """Hold on any critical failure."""
    failed = sorted(failed, key=lambda item: (item["severity"] != "critical", item["code"], item["table"]))
    held = any(item["severity"] == "critical" for item in failed)
    return {"verdict": "hold" if held else "pass", "failed": failed}


def judge_measures(
    settings: Settings, proposal: dict[str, Any], base: dict[str, Any] | None
) -> tuple[list[dict[str, Any]], Failures]:
    """The suite on the table of producers: its results, and which producers fail what."""
    import pandas as pd

    from jobs.catalogue import judgement, with_policy
    from jobs.check.attribute import failure
    from jobs.check.measures import COLUMNS, measures
    from jobs.suites import judge_producers, outcome

    rows = measures(settings.policy["hold"], proposal, base)
    results: list[dict[str, Any]] = []
    failures: Failures = {}
    for check in with_policy(judgement("producer_measures"), settings.policy):
        judged = [row for row in rows if judgeable(check, row, proposal["producers"][row["producer"]])]
        frame = pd.DataFrame(judged, columns=list(COLUMNS))
        failed = judge_producers(frame, (check,))[check.code] if judged else []
        results.append(outcome(check, not failed, len(failed), len(judged)))
        for row in (one for one in judged if one["producer"] in failed):
            item = proposal["producers"][row["producer"]]
            shown = row["parts"].get(check.columns[0], (item["read"], item.get("declared") or item["read"]))
            failures.setdefault(row["producer"], []).append(failure(check, *shown))
    return results, failures


def judgeable(check: "Check", row: dict[str, Any], item: dict[str, Any]) -> bool:
    """Whether a producer's measure exists and rests on enough records."""
    column = check.columns[0]
    return row[column] is not None and row["basis"].get(column, item["read"]) >= check.least_rows


def judge_tables(
    settings: Settings, proposal: dict[str, Any], base: dict[str, Any] | None
) -> tuple[list[dict[str, Any]], Failures]:
    """Suites on the proposed files that the closed state does not have yet, and the producers whose rows fail."""
    tables = fresh_files(proposal, base)
    results: list[dict[str, Any]] = []
    failures: Failures = {}
    if not any(tables.values()):
        return results, failures
    from jobs.catalogue import suite_of
    from jobs.check.attribute import by_producer
    from jobs.core.schema import load_schema
    from jobs.core.session import spark_session
    from jobs.core.tables import read_files
    from jobs.suites import judge

    pool = standard_pool(settings, proposal["source"])
    size = sum(file.bytes for parts in tables.values() for file in files_of(parts))
    with spark_session(settings, f"check {proposal['source']}", size) as spark:
        for table, parts in sorted(tables.items()):
            schema, suite = load_schema(f"standard/{table}"), suite_of("standard", table)
            frame = read_files(spark, pool, files_of(parts), schema)
            judged = judge(frame, suite, schema)
            results += judged
            codes = {item["code"] for item in judged if item["unexpected_count"]}
            for name, failed in by_producer(frame, suite, codes).items():
                failures.setdefault(name, []).extend(failed)
            for item in unattributed(judged, failures):
                for name in proposal["producers"]:
                    failures.setdefault(name, []).append(item)
    return results, failures


def unattributed(judged: list[dict[str, Any]], failures: Failures) -> list[dict[str, Any]]:
    """Critical failures that no producer's rows explain: a missing column, a rule that could not be computed."""
    explained = {item["code"] for failed in failures.values() for item in failed}
    return [
        {
            "code": item["code"],
            "severity": "critical",
            "table": item["table"],
            "count": item["unexpected_count"],
            "total": item["element_count"],
        }
        for item in judged
        if item["severity"] == "critical" and not item["success"] and item["code"] not in explained
    ]


def fresh_files(proposal: dict[str, Any], base: dict[str, Any] | None) -> dict[str, Partitions]:
    """Proposed files by table and partition, without those that an earlier night judged and took in."""
    known = {
        item["sha256"]
        for parts in (base or {}).get("tables", {}).values()
        for files in parts.values()
        for item in files
    }
    found: dict[str, Partitions] = {}
    for producer in proposal["producers"].values():
        for table, parts in producer["tables"].items():
            for partition, files in parts.items():
                new = [DataFile.from_json(item) for item in files if item["sha256"] not in known]
                if new:
                    found.setdefault(table, {})[partition] = new
    return found


def summary(verdict: dict[str, Any]) -> dict[str, Any]:
    """The counts of the final line."""
    held = sum(item["verdict"] == "hold" for item in verdict["producers"].values())
    failed = sum(not item["success"] for item in verdict["suites"])
    return {"producers": len(verdict["producers"]), "held": held, "rules": len(verdict["suites"]), "failed": failed}
