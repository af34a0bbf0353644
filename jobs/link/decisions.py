"""What stewards decided of two subjects: an append-only table of the identity zone, read by every later night.

A decision speaks of subjects, which never change, and not of persons or models, which do. It holds from the first
night after the newest linked one.
"""

import hashlib
from collections import deque
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path

import pyarrow.parquet as pq

from jobs.core.attempt import attempt_folder
from jobs.core.errors import DataRefused
from jobs.core.nights import decisions as nights_decided
from jobs.core.schema import load_schema
from jobs.core.settings import Settings
from jobs.core.snapshot import DataFile, Partitions, Pool, files_of, read_json, tables_from_json, tables_to_json
from jobs.core.snapshot import write_json as write_pointer
from jobs.core.tables import write_small

SAME, DIFFERENT, WITHDRAWN = "same", "different", "withdrawn"
SCHEMA = "identity/decision"


@dataclass(frozen=True, order=True)
class Decision:
    """One decision; ``left_subject`` is the smaller subject. Ordered by night, then by its number."""

    night: str
    decision_id: str
    kind: str
    left_subject: str
    right_subject: str
    by_role: str
    decided_at: date
    reason: str

    @property
    def pair(self) -> tuple[str, str]:
        """The two subjects, the smaller one first."""
        return self.left_subject, self.right_subject


def decided(night: str, kind: str, one: str, other: str, by_role: str, decided_at: date, reason: str) -> Decision:
    """A decision with its number, which follows from night, kind and subjects."""
    left, right = sorted((one, other))
    digest = hashlib.sha256(" ".join((night, kind, left, right)).encode()).hexdigest()[:12]
    return Decision(night, f"D-{digest}", kind, left, right, by_role, decided_at, reason)


def decisions_path(settings: Settings) -> Path:
    """The pointer that names the files of all decisions, by their first night."""
    return settings.identity / "decisions" / "decisions.json"


def decision_files(settings: Settings, night: str | None = None) -> Partitions:
    """Files of the decisions that hold in a night; of all without one."""
    path = decisions_path(settings)
    found = tables_from_json(read_json(path)["tables"])["decision"] if path.is_file() else {}
    return {since: files for since, files in found.items() if night is None or since <= night}


def read_decisions(settings: Settings, files: Partitions) -> list[Decision]:
    """The decisions of some files, oldest first."""
    pool = Pool(settings.identity / "pool")
    rows = [row for file in files_of(files) for row in pq.read_table(pool.path(file)).to_pylist()]
    return sorted(Decision(**row) for row in rows)


def add_decision(settings: Settings, new: Decision) -> Decision:
    """Append a decision; the same again adds nothing and returns the one that stands.

    Raises DataRefused (LNK-052) when earlier decisions say the contrary, or when there is none to withdraw.
    """
    files = decision_files(settings)
    every = read_decisions(settings, files)
    standing = in_force(every)
    for one in standing:
        if (one.kind, one.pair) == (new.kind, new.pair):
            return one
    require_sense(every, standing, new)
    with attempt_folder(settings) as attempt:
        file = write_small([asdict(new)], load_schema(SCHEMA), Pool(settings.identity / "pool"), attempt)
    named: list[DataFile] = [*files.get(new.night, []), file]
    write_pointer(decisions_path(settings), {"tables": tables_to_json({"decision": files | {new.night: named}})})
    return new


def in_force(decisions: list[Decision]) -> list[Decision]:
    """The decisions that stand: a withdrawal ends what was decided of its pair until then, and does nothing else."""
    ended = {one.pair: one.night for one in sorted(decisions) if one.kind == WITHDRAWN}
    return [one for one in decisions if one.kind != WITHDRAWN and one.night > ended.get(one.pair, "")]


def require_sense(every: list[Decision], standing: list[Decision], new: Decision) -> None:
    """Raise DataRefused when a decision contradicts an earlier one, or withdraws nothing.

    What is withdrawn for a night cannot be decided anew for the same night: the two would have no order.
    """
    about = [one for one in standing if one.pair == new.pair]
    if new.kind == WITHDRAWN:
        if not about:
            raise DataRefused("LNK-052: no decision on these two subjects stands, so there is none to withdraw.")
        return
    if any(one.kind == WITHDRAWN and one.pair == new.pair and one.night >= new.night for one in every):
        raise DataRefused(f"LNK-052: a decision on these two was withdrawn for night {new.night}; decide after it.")
    told = contrary(standing, new)
    if told is not None:
        raise DataRefused(
            f"LNK-052: {told.decision_id} of night {told.night} says the contrary ({told.kind}); a later decision does "
            "not undo an earlier one. Look at both sides again; if the earlier one was wrong, withdraw it first "
            "(docs/how-to/review-links.md)."
        )


def contrary(earlier: list[Decision], new: Decision) -> Decision | None:
    """The earlier decision that a new one cannot stand beside, or nothing."""
    ties = [one for one in earlier if one.kind == SAME]
    if new.kind == DIFFERENT:
        path = path_between(ties, *new.pair)
        return max(path) if path else None
    part = parts_of([*ties, new])
    for one in earlier:
        left, right = one.pair
        if one.kind == DIFFERENT and part.get(left, left) == part.get(right, right):
            return one
    return None


def path_between(ties: list[Decision], start: str, end: str) -> list[Decision]:
    """The shortest chain of decisions that makes two subjects the same; empty when there is none."""
    beside: dict[str, list[tuple[str, Decision]]] = {}
    for one in ties:
        left, right = one.pair
        beside.setdefault(left, []).append((right, one))
        beside.setdefault(right, []).append((left, one))
    chains: dict[str, list[Decision]] = {start: []}
    queue = deque([start])
    while queue:
        here = queue.popleft()
        for there, one in sorted(beside.get(here, [])):
            if there not in chains:
                chains[there] = [*chains[here], one]
                queue.append(there)
    return chains.get(end, [])


def parts_of(ties: Iterable[Decision]) -> dict[str, str]:
    """The smallest subject of everybody's part: subjects that decisions make the same, straight or through others."""
    part: dict[str, str] = {}
    for one in ties:
        left, right = (part.setdefault(end, end) for end in one.pair)
        small, large = sorted((left, right))
        part = {subject: small if label == large else label for subject, label in part.items()}
    return part


def next_night(settings: Settings) -> str:
    """The first night in which a decision of today holds: the day after the newest linked night.

    Raises DataRefused before the first night (LNK-051), and while a night is linked and undecided (LNK-054).
    """
    linked = sorted(path.parent.name for path in settings.identity.glob("*/index.json"))
    if not linked:
        raise DataRefused("LNK-051: no night is linked yet, so no subject is known; run a night first.")
    if linked[-1] not in nights_decided(settings):
        raise DataRefused(f"LNK-054: night {linked[-1]} is linked and undecided; let it end, then decide.")
    return (date.fromisoformat(linked[-1]) + timedelta(days=1)).isoformat()


def fresh(everything: list[Decision], base: str | None) -> list[Decision]:
    """The decisions that the base did not know."""
    return [one for one in everything if base is None or one.night > base]
