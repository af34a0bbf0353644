"""What decisions do to persons: who moves to whom. Pure, on the few persons that decisions speak of."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from jobs.core.tokens import text_hex
from jobs.link.decisions import SAME, Decision

MERGED, SPLIT = "merged", "split"
Tie = tuple[int, str, str]  # rank (0 is the strongest), and two subjects


@dataclass(frozen=True)
class Member:
    """A subject of a person: the night in which it was linked, and the night in which its person was created."""

    subject: str
    person: str
    linked: str
    created: str

    @property
    def age(self) -> tuple[str, str]:
        """Older subjects first. The oldest of a person is its founder."""
        return self.linked, self.subject


@dataclass(frozen=True, order=True)
class Move:
    """A subject that has another person from tonight on, how and by which proof."""

    subject: str
    person: str
    former: str
    kind: str
    proof: str


@dataclass
class Parts:
    """Subjects in parts that never hold two who were declared different."""

    apart: set[frozenset[str]]
    part: dict[str, set[str]] = field(default_factory=dict)

    def join(self, one: str, other: str) -> bool:
        """Put two parts together, unless two of their subjects were declared different. Returns whether they are."""
        left, right = self.part[one], self.part[other]
        if left is right:
            return True
        if any(frozenset((a, b)) in self.apart for a in left for b in right):
            return False
        left |= right
        self.part.update(dict.fromkeys(right, left))
        return True


def settle(
    members: list[Member], tonight: list[Decision], before: list[Decision], ties: list[Tie], night: str, key: bytes
) -> list[Move]:
    """The moves that tonight's decisions ask for.

    ``members`` are all subjects of the persons that ``tonight`` speaks of; ``before`` are decisions of earlier nights;
    ``ties`` say which subjects a rule holds together, and so who goes with whom when a person is split. ``key`` is the
    index secret: a split draws HMAC(secret, night and smallest subject of the part).
    """
    known = {one.subject for one in members}
    told = [one for one in sorted([*before, *tonight]) if set(one.pair) <= known]
    moves: list[Move] = []
    for cluster in clusters(members, [one for one in tonight if set(one.pair) <= known]):
        inside = {one.subject for one in cluster}
        about = [one for one in told if set(one.pair) <= inside]
        parts = divide(cluster, about, [tie for tie in ties if {tie[1], tie[2]} <= inside])
        moves += moved(cluster, parts, about, night, key)
    return sorted(moves)


def clusters(members: list[Member], decisions: Iterable[Decision]) -> list[list[Member]]:
    """The members by persons that decisions bring together; persons that none speaks of are left out."""
    person = {one.subject: one.person for one in members}
    label: dict[str, str] = {}
    for one in decisions:
        ends = [label.setdefault(person[end], person[end]) for end in one.pair]
        if one.kind == SAME:
            label = {name: min(ends) if old in ends else old for name, old in label.items()}
    found: dict[str, list[Member]] = {}
    for member in sorted(members, key=lambda item: item.age):
        if member.person in label:
            found.setdefault(label[member.person], []).append(member)
    return [found[name] for name in sorted(found)]


def divide(cluster: list[Member], decisions: list[Decision], ties: list[Tie]) -> list[set[str]]:
    """The parts of a cluster: first who was declared the same, then who is tied by a rule, then who was one person.

    Whoever nothing ties to either side of a split stays with the founder of their person.
    """
    apart = {frozenset(one.pair) for one in decisions if one.kind != SAME}
    parts = Parts(apart, {one.subject: {one.subject} for one in cluster})
    for one in decisions:
        if one.kind == SAME:
            parts.join(*one.pair)
    for _, left, right in sorted(ties):
        parts.join(left, right)
    founder: dict[str, str] = {}
    for member in cluster:  # oldest first
        parts.join(founder.setdefault(member.person, member.subject), member.subject)
    return list({id(part): part for part in parts.part.values()}.values())


def moved(
    cluster: list[Member], parts: list[set[str]], decisions: list[Decision], night: str, key: bytes
) -> list[Move]:
    """Who has another person in these parts. A part keeps the oldest person whose founder it holds, or draws one."""
    by_subject = {one.subject: one for one in cluster}
    founder: dict[str, str] = {}
    for member in cluster:
        founder.setdefault(member.person, member.subject)
    found = []
    for part in parts:
        kept = [by_subject[subject] for subject in part if founder[by_subject[subject].person] == subject]
        oldest = min(kept, key=lambda one: (one.created, one.person), default=None)
        person = oldest.person if oldest else text_hex(key, "person", night, min(part))
        for subject in sorted(part):
            former = by_subject[subject].person
            if former != person:
                kind = MERGED if founder[former] in part else SPLIT
                found.append(Move(subject, person, former, kind, proof(decisions, part, kind)))
    return found


def proof(decisions: list[Decision], part: set[str], kind: str) -> str:
    """The decisions behind a move: those inside the part for a merge, those across its border for a split."""
    told = [
        one.decision_id
        for one in decisions
        if (set(one.pair) <= part if kind == MERGED else len(set(one.pair) & part) == 1 and one.kind != SAME)
    ]
    return " ".join(told)
