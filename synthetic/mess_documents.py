"""Mess of documents: each case by its identifier, what it does to a good document, what must come of it.

Identifiers are those of ``docs/reference/simulator.md``: ``A-05``, or ``A-05/mark`` where a case has several variants.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from synthetic import cda
from synthetic.documents import FHIR, Document, fate
from synthetic.draws import scatter
from synthetic.enclose import enclosed
from synthetic.mess import ACCEPTED, QUARANTINED
from synthetic.world import World
from synthetic.xdm import Enclosed


@dataclass(frozen=True)
class Subject:
    """A good document that is to be spoilt, with its world."""

    world: World
    document: Document

    @cached_property
    def text(self) -> str:
        """The document as CDA."""
        return cda.render(self.world, self.document)

    @property
    def data(self) -> bytes:
        """Its bytes."""
        return self.text.encode()

    @property
    def name(self) -> str:
        """What its files are called after."""
        return str(self.document.place)

    @property
    def ids(self) -> str:
        """The patient's identifiers as they stand in the text."""
        return cda.patient_ids(self.world.people, self.document)

    @property
    def ins(self) -> str:
        """The patient's national number with its key."""
        return cda.ins_of(self.world.people, self.document.person)

    @property
    def stranger(self) -> "Subject":
        """The same document about another person."""
        other = (self.document.person + 7_001) % self.world.sizes.persons
        return replace(self, document=replace(self.document, person=other))

    def version(self, rank: int, **changed: Any) -> "Subject":
        """Another document of the same set: a place of its own, far from those of other documents."""
        return replace(self, document=replace(self.document, rank=self.document.rank + rank * 100_000, **changed))

    def enclosed(self, data: bytes | None = None, **changed: Any) -> Enclosed:
        """The document (or other bytes) with its metadata."""
        made = enclosed(self.world.people, self.document, self.data if data is None else data)
        return replace(made, **changed)


@dataclass(frozen=True)
class Record:
    """One record that a planted file must give; ``document`` when it is one that the truth should name."""

    outcome: str
    rule: str = ""
    document: Document | None = None
    number: int = 1


@dataclass(frozen=True)
class Planted:
    """A file that is sent and the records it must give."""

    name: str
    content: bytes
    records: tuple[Record, ...]


Make = Callable[[Subject], list[Planted]]


@dataclass(frozen=True)
class Case:
    """One case: identifier, what a good document becomes, which documents can show it.

    ``rule`` is what refuses it, or the warning that tells of it; ``exact``: its facts are read as they were meant.
    ``heavy`` cases are planted only when they are asked for: large ones, and names that the intake does not show.
    """

    code: str
    outcome: str
    rule: str
    make: Make
    fits: Callable[[Subject], bool] = lambda subject: True
    exact: bool = True
    heavy: bool = False

    @property
    def ident(self) -> str:
        """The identifier in the catalogue, without the variant."""
        return self.code.partition("/")[0]

    def answers(self, only: str) -> bool:
        """Whether it is meant by ``--mess-only``: by identifier, by variant, or by the rule that judges it."""
        return only in (self.code, self.ident, self.rule) if only else not self.heavy


def spoilt(code: str, outcome: str, rule: str, change: Callable[[str], str | bytes], **more: Any) -> Case:
    """A case that changes the text of one bare document."""

    def make(subject: Subject) -> list[Planted]:
        made = change(subject.text)
        data = made if isinstance(made, bytes) else made.encode()
        return [single(subject, f"{subject.name}.xml", data, outcome, rule)]

    return Case(code, outcome, rule, make, **more)


def accepted(code: str, change: Callable[[str], str | bytes], rule: str = "", **more: Any) -> Case:
    """A changed document that is taken in."""
    return spoilt(code, ACCEPTED, rule, change, **more)


def refused(code: str, rule: str, change: Callable[[str], str | bytes], **more: Any) -> Case:
    """A changed document that is not."""
    return spoilt(code, QUARANTINED, rule, change, **more)


def single(subject: Subject, name: str, data: bytes, outcome: str, rule: str = "") -> Planted:
    """A file that gives one record, the subject's document."""
    return Planted(name, data, (Record(outcome, rule, subject.document),))


def swap(old: str, new: str) -> Callable[[str], str]:
    """Replaces the first occurrence of a text that must be there."""

    def change(text: str) -> str:
        if old not in text:
            raise KeyError(old)
        return text.replace(old, new, 1)

    return change


def after(text: str, mark: str, more: str) -> str:
    """A text with more behind the first occurrence of a mark."""
    return swap(mark, mark + more)(text)


def choose(
    world: World, documents: list[Document], cases: Iterable[Case], seed: int, share: float, turn: int
) -> list[Case | None]:
    """A case for some documents, each case in its turn, the next one that the document can show.

    The turns go round the groups of the catalogue, so that a few documents show all of them. Requests to
    replace, delete or hide stay good, and so do the documents that they will be about and those of life events.
    """
    waiting = interleaved(cases)
    waiting = waiting[turn % len(waiting) :] + waiting[: turn % len(waiting)] if waiting else []
    places = np.array([document.place for document in documents], dtype=np.int64)
    hit = scatter(places, 131 + 1009 * seed) % 100_000 < round(share * 100_000) if len(places) else places > 0
    found: list[Case | None] = []
    for document, chosen in zip(documents, hit, strict=True):
        spared = document.carrier == FHIR or document.action or fate(document) or document.told
        usable = chosen and not spared
        subject = Subject(world, document)
        case = next((case for case in waiting if case.fits(subject)), None) if usable else None
        found.append(case)
        if case:
            waiting.remove(case)
            waiting.append(case)
    return found


def interleaved(cases: Iterable[Case]) -> list[Case]:
    """Cases in an order in which every stretch has its share of each group, and of a case no two variants if it can."""
    groups: dict[str, list[tuple[int, Case]]] = defaultdict(list)
    variants: Counter[str] = Counter()
    for case in cases:
        groups[case.ident[0]].append((variants[case.ident], case))
        variants[case.ident] += 1
    places = [
        ((rank + 0.5) / len(group), name, case)
        for name, group in groups.items()
        for rank, (_, case) in enumerate(sorted(group, key=lambda one: one[0]))
    ]
    return [case for _, _, case in sorted(places, key=lambda place: place[:2])]
