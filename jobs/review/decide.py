"""A steward's decision on two subjects: checked, then appended. It holds from the next night on."""

from datetime import date

import duckdb

from jobs.audit.log import audit
from jobs.core.attempt import lock
from jobs.core.errors import DataRefused
from jobs.core.settings import Settings
from jobs.link.change import WALK, picked
from jobs.link.decisions import DIFFERENT, SAME, WITHDRAWN, Decision, add_decision, decided, next_night
from jobs.link.walk import CROSSWALK, crosswalk_pool, published_walk

KINDS = (SAME, DIFFERENT, WITHDRAWN)


def decide(
    settings: Settings, kind: str, left: str, right: str, by_role: str, reason: str, decided_at: date
) -> Decision:
    """Take a decision in. The same decision again adds nothing.

    Raises DataRefused naming the rule: LNK-051 a subject is unknown, LNK-052 an earlier decision says the contrary,
    LNK-053 kind, role or reason is not in the policy, LNK-054 a night is half-way. Raises TryAgain while a night runs.
    """
    require_allowed(settings, kind, by_role, reason)
    with lock(settings, "national"):
        night = next_night(settings)
        require_known(settings, left, right)
        done = add_decision(settings, decided(night, kind, left, right, by_role, decided_at, reason))
    audit(settings, "review", night=done.night, cause=f"{kind} by {by_role}")
    return done


def require_allowed(settings: Settings, kind: str, by_role: str, reason: str) -> None:
    """Raise DataRefused (LNK-053): decisions are made by roles and for reasons that the policy lists."""
    policy = settings.policy["linkage"]
    for name, value, allowed in (
        ("kind", kind, KINDS),
        ("role", by_role, policy["decided_by"]),
        ("reason", reason, policy["reasons"]),
    ):
        if value not in allowed:
            raise DataRefused(f"LNK-053: this {name} is not one of: {', '.join(allowed)}.")


def require_known(settings: Settings, left: str, right: str) -> None:
    """Raise DataRefused (LNK-051) unless both are different subjects that the newest published night knows."""
    if left == right:
        raise DataRefused("LNK-051: both sides are the same subject; a decision is about two.")
    walk = published_walk(settings).get(CROSSWALK, {})
    with duckdb.connect() as engine:
        known = {row[0] for row in picked(engine, crosswalk_pool(settings), walk, WALK, "subject_id", {left, right})}
    unknown = [side for side, subject in (("left", left), ("right", right)) if subject not in known]
    if unknown:
        sides = " and the ".join(unknown)
        raise DataRefused(
            f"LNK-051: the {sides} subject is in no published night: it is mistyped, held, or erased. Take it as the "
            "queue or `make why` gives it."
        )
