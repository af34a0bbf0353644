"""What speaks for and against a night: pure functions on counts, each returning reasons."""

from typing import Any

from jobs.core.ledger import Unbalanced, check_intake, check_tables
from jobs.core.rules import rule

LEAST_RECORDS = 100  # a share of fewer records than this is not judged
Reason = dict[str, Any]
States = dict[str, dict[str, Any]]


def reason(code: str, table: str | None = None, count: int = 0, total: int = 0, detail: str | None = None) -> Reason:
    """A reason with the words of its rule in both languages, and the page that explains it."""
    found = rule(code)
    page = "STR" if code.startswith("STR-") else code
    return {
        "code": code,
        "severity": found.severity,
        "table": table,
        "count": count,
        "total": total,
        "owner": found.owner,
        "title": {"fr": found.title_fr, "en": found.title_en},
        "remedy": {"fr": found.remedy_fr, "en": found.remedy_en},
        "detail": detail,
        "runbook": f"docs/runbooks/{page}.md" if found.severity == "critical" else None,
    }


def suite_reasons(results: list[dict[str, Any]]) -> list[Reason]:
    """Failed rules of the suites."""
    return [
        reason(item["code"], item["table"], item["unexpected_count"], item["element_count"])
        for item in results
        if not item["success"]
    ]


def intake_reasons(reads: dict[str, dict[str, int]], states: States) -> list[Reason]:
    """Outcomes must sum to the records read. ``reads``: per source, records written to the intake per delivery."""
    found = []
    for source, state in sorted(states.items()):
        lines = [
            {**one, "delivery_id": f"{one['producer']}/{one['delivery_id']}"}
            for one in state["ledger"]
            if one.get("outcome")
        ]
        try:
            check_intake(reads.get(source, {}), lines)
        except Unbalanced as error:
            found.append(reason("LED-001", detail=f"{source}: {error}"))
    return found


def table_reasons(before: dict[str, int], after: dict[str, int], lines: list[dict[str, Any]]) -> list[Reason]:
    """Rows published = rows before + added − removed, per table."""
    try:
        check_tables(before, after, lines)
    except Unbalanced as error:
        return [reason("LED-002", detail=str(error))]
    return []


def source_reasons(states: States, required: list[str]) -> list[Reason]:
    """Sources that were not taken in: critical when the policy requires them."""
    found = []
    for source, state in sorted(states.items()):
        whole = state.get("rule") == "SRC-003"
        if state["status"] in ("failed", "absent") or whole:
            code = "NGT-001" if source in required else "NGT-007"
            found.append(reason(code, detail=f"{source}: {state['status']}: {state['reason']}"))
    return found


def quarantine_reasons(states: States, limit: float) -> list[Reason]:
    """Share of rejects among the records of producers that were taken in."""
    read = quarantined = 0
    for state in states.values():
        for one in state["ledger"]:
            taken = state["producers"].get(one.get("producer"), {}).get("status") == "accepted"
            if taken and one.get("outcome"):
                read += one["count"]
                quarantined += one["count"] if one["outcome"] == "quarantined" else 0
    if read >= LEAST_RECORDS and quarantined > limit * read:
        return [reason("NGT-002", count=quarantined, total=read)]
    return []


def size_reasons(before: dict[str, int], after: dict[str, int], max_drop: float) -> list[Reason]:
    """Care tables that would be empty or much smaller than in the previous release; a night without any row."""
    found = []
    for table, rows in sorted(before.items()):
        now = after.get(table, 0)
        if rows and not now:
            found.append(reason("NGT-004", table, 0, rows))
        elif rows - now > max_drop * rows and rows >= LEAST_RECORDS:
            found.append(reason("NGT-005", table, rows - now, rows))
    if not any(after.values()):
        found.append(reason("NGT-006"))
    return found


def linkage_reasons(unlinked: int, subjects: int, limit: float) -> list[Reason]:
    """Share of new subjects that became a person of their own."""
    if subjects >= LEAST_RECORDS and unlinked > limit * subjects:
        return [reason("NGT-003", count=unlinked, total=subjects)]
    return []


def holds(states: States) -> list[dict[str, Any]]:
    """Producers that are not taken in, with their rule."""
    return [
        {
            "source": source,
            "producer": name,
            **{key: item.get(key) for key in ("status", "rule", "held_since", "as_of")},
        }
        for source, state in sorted(states.items())
        for name, item in sorted(state["producers"].items())
        if item["status"] != "accepted"
    ]


def in_order(reasons: list[Reason]) -> list[Reason]:
    """Critical ones first, the ledger before all others, then by code and table."""
    return sorted(
        reasons,
        key=lambda item: (item["severity"] != "critical", item["code"][:3] != "LED", item["code"], item["table"] or ""),
    )


def sentence(item: Reason) -> str:
    """A reason in one line for the log of a refused night."""
    where = f" in {item['table']}" if item["table"] else ""
    share = f" ({item['count']} of {item['total']})" if item["total"] else ""
    detail = f" [{item['detail']}]" if item["detail"] else ""
    return f"refused by {item['code']}{where}{share}: {item['title']['en']}{detail}. {item['remedy']['en']}"
