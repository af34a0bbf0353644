"""From what the stages left to the state of a source: pure functions on small JSON values."""

from typing import Any

from jobs.close.evidence import Evidence, replaced_holds
from jobs.close.producers import decide, remembered
from jobs.core.ledger import line

FAILED, ABSENT, WHOLE = "SRC-001", "SRC-002", "SRC-003"
Tables = dict[str, dict[str, list[dict[str, Any]]]]


def compose(evidence: Evidence) -> dict[str, Any]:
    """The state of a source's night, as the architecture page describes it."""
    stage = unfinished(evidence)
    if stage:
        return failed_state(evidence, stage)
    holds, whole = held_producers(evidence)
    producers = {name: decide(evidence, name, holds.get(name)) for name in names(evidence)}
    accepted = {name for name in evidence.proposed if name not in holds}
    status, rule, reason = overall(evidence, producers, whole)
    assert evidence.proposal is not None
    return {
        "night": evidence.night,
        "source": evidence.source,
        "previous": evidence.previous.get("night"),
        "status": status,
        "rule": rule,
        "reason": reason,
        "producers": producers,
        "tables": compose_tables(evidence, accepted),
        "claims": compose_claims(evidence, set(evidence.proposed) - accepted),
        "replayed": sorted(one for name in accepted for one in evidence.proposed[name]["replayed"]),
        "ledger": compose_ledger(evidence, holds),
    }


def unfinished(evidence: Evidence) -> str | None:
    """The first stage that did not finish. A proposal that lacks what pull took in belongs to an earlier attempt."""
    if evidence.pull is None:
        return "pull"
    complete = {(one["producer"], one["delivery_id"]) for one in evidence.deliveries if one["status"] == "complete"}
    proposed = {(name, one) for name, item in evidence.proposed.items() for one in item["deliveries"]}
    if evidence.proposal is None or not complete <= proposed:
        return "standardise"
    if evidence.check is None or not set(evidence.proposed) <= set(evidence.check["producers"]):
        return "check"
    return None


def failed_state(evidence: Evidence, stage: str) -> dict[str, Any]:
    """Nothing of the night is taken in: the previous state stands, every producer held at it."""
    known = evidence.previous.get("producers", {})
    return {
        "night": evidence.night,
        "source": evidence.source,
        "previous": evidence.previous.get("night"),
        "status": "failed",
        "rule": FAILED,
        "reason": f"{stage} did not finish; the source stays at its last good state.",
        "producers": {
            name: {
                "status": "held",
                "as_of": known.get(name, {}).get("as_of"),
                "held_since": known.get(name, {}).get("held_since") or evidence.night,
                "rule": FAILED,
                "read": 0,
                "volumes": known.get(name, {}).get("volumes", {}),
                "held_deliveries": known.get(name, {}).get("held_deliveries", {}),
                **remembered(known.get(name, {}), None),
            }
            for name in names(evidence)
        },
        "tables": evidence.previous.get("tables", {}),
        "claims": evidence.previous.get("claims", []),
        "replayed": [],
        "ledger": [],
    }


def names(evidence: Evidence) -> list[str]:
    """Producers that the state speaks of: active ones, and those whose data it still holds."""
    return sorted({*evidence.active, *evidence.previous.get("producers", {}), *evidence.proposed})


def held_producers(evidence: Evidence) -> tuple[dict[str, str], bool]:
    """Proposed producers that are not taken in, with the rule; and whether the rule on the whole source made it all."""
    assert evidence.check is not None
    holds: dict[str, str] = {}
    for name, item in evidence.check["producers"].items():
        if item["verdict"] == "hold" and name in evidence.proposed:
            holds[name] = next(one["code"] for one in item["failed"] if one["severity"] == "critical")
    refused = {one["producer"] for one in evidence.deliveries if one["status"] in ("corrupt", "resent_changed")}
    wrong = set(holds) | (refused & set(evidence.active))
    whole = len(wrong) > evidence.max_held_share * max(len(evidence.active), 1) and set(holds) < set(evidence.proposed)
    if whole:
        holds = {name: holds.get(name, WHOLE) for name in evidence.proposed}
    return holds, whole


def overall(evidence: Evidence, producers: dict[str, Any], whole: bool) -> tuple[str, str | None, str | None]:
    """Status, rule and reason of the source."""
    if whole:
        return "partial", WHOLE, "too many producers are held; the whole source stays at its last good state."
    came = [one for one in evidence.deliveries if one["status"] not in ("arriving", "unknown_producer")]
    if not came and not evidence.proposed:
        return "absent", ABSENT, "nothing arrived; the source stays at its last good state."
    open_ = [name for name in evidence.active if producers[name]["status"] != "accepted"]
    if not open_:
        return "complete", None, None
    return "partial", None, f"{len(open_)} of {len(evidence.active)} producers are not taken in."


def compose_tables(evidence: Evidence, accepted: set[str]) -> Tables:
    """Partitions of the previous state; for accepted producers those in scope give way to the proposed ones."""
    tables: Tables = {name: dict(parts) for name, parts in evidence.previous.get("tables", {}).items()}
    for name in sorted(accepted):
        item = evidence.proposed[name]
        for table, parts in item["tables"].items():
            own = tables.setdefault(table, {})
            for period in item["scope"].get(table, []):
                own.pop(f"{name}__{period}", None)
            own.update({part: files for part, files in parts.items() if files})
    return {table: dict(sorted(parts.items())) for table, parts in sorted(tables.items())}


def compose_claims(evidence: Evidence, held: set[str]) -> list[dict[str, Any]]:
    """Claims so far and those of the night, which link reads without the held producers."""
    assert evidence.proposal is not None
    files = evidence.proposal["tables"].get("claim", [])
    tonight = [{"night": evidence.night, "files": files, "except": sorted(held)}] if files else []
    return [*evidence.previous.get("claims", []), *tonight]


def compose_ledger(evidence: Evidence, holds: dict[str, str]) -> list[dict[str, Any]]:
    """The proposal's lines, without events of held producers (they did not happen), and what the holds befell."""
    assert evidence.proposal is not None
    lines = [one for one in evidence.proposal["ledger"] if one.get("outcome") or one.get("producer") not in holds]
    about = {"stage": "close", "source": evidence.source}
    for one in list(lines):
        if one.get("outcome") == "accepted" and one["producer"] in holds:
            own = {"producer": one["producer"], "delivery_id": one["delivery_id"]}
            lines.append(line(one["count"], **about, **own, event="held", cause=holds[one["producer"]]))
    for name in sorted(set(evidence.proposed) - set(holds)):
        for gone, item, newer in replaced_holds(evidence, name):
            own = {"producer": name, "delivery_id": gone}
            lines.append(line(item["accepted"], **about, **own, event="superseded", cause=f"delivery {newer}"))
    return lines
