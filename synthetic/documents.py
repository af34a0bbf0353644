"""Which documents are filed on one day, about whom and after what; and what becomes of them two days later."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from synthetic.dispensing import dispensations
from synthetic.draws import scatter, stream
from synthetic.world import World

LETTER, REPORT = "11490-0", "11502-2"
STAY_REPORT, RAPID_TEST = "34112-3", "96173-0"
PRESCRIPTION, DISPENSATION = "57833-6", "60593-1"
VACCINATION, VACCINES = "87273-9", "11369-6"
SYNTHESIS, SUMMARY = "SYNTH", "60591-5"
TOWN = -1  # a practice, laboratory or pharmacy in town, not a hospital
CDA, XDM, FHIR = "cda", "xdm", "fhir"
REPLACE, DELETE, MASK, TOUCH = "C", "D", "M", "T"
MASKS = ("MASQUE_PS", "INVISIBLE_PATIENT", "INVISIBLE_REPRESENTANTS_LEGAUX", "INVISIBLE_REP_LEGAUX", "R", "V")


@dataclass(frozen=True)
class Told:
    """What a document says of its patient where a life event decides it, and not chance.

    ``taken_for``: the person whose traits it tells instead; ``mistake``: which mistake its typist made (see
    ``mistyped``), None for none.
    """

    qualified: bool
    mistake: int | None = None
    taken_for: int | None = None


@dataclass(frozen=True)
class Document:
    """One document: who, what, which version, and what is asked of an earlier one.

    ``action``: ``C`` replaces, ``D`` deletes, ``M`` hides (the same document under another visibility), ``T`` touches
    metadata alone. ``made`` is the day on which it was written, up to three weeks before it is filed; ``ticket`` the
    sale that a prescription or dispensation is about; ``told`` is set where a life event made the document.
    """

    day: int
    rank: int
    person: int
    hospital: int
    type_code: str
    stay: str = ""
    entry: int = 0
    made: int = 0
    ticket: str = ""
    level: int = 3
    version: int = 1
    replaces: tuple[int, int] | None = None
    action: str = ""
    filed: int = 0
    told: Told | None = None

    @property
    def place(self) -> int:
        """A whole number that is this document's alone; what a second version replaces has another."""
        return self.day * 1_000_000 + self.rank

    @property
    def origin(self) -> int:
        """The place of the first version."""
        day, rank = self.replaces or (self.day, self.rank)
        return day * 1_000_000 + rank

    @property
    def anchor(self) -> int:
        """The place of the first of the documents that travel together: those that one stay leaves."""
        return self.place - self.rank % 2 if self.stay and not self.ticket else self.place

    @property
    def unique_id(self) -> str:
        """The document's identifier, an OID below the arc of UUIDs."""
        return f"2.25.{90_000_000_000_000 + self.place}"

    @property
    def set_id(self) -> str:
        """The identifier that all versions share."""
        return f"2.25.{70_000_000_000_000 + self.origin}"

    @property
    def replaced_id(self) -> str:
        """Identifier of the document that this one replaces; empty for a first version."""
        return f"2.25.{90_000_000_000_000 + self.origin}" if self.replaces else ""

    @property
    def visibility(self) -> tuple[str, ...]:
        """Codes of who may see it: normal, unless this says otherwise."""
        return (MASKS[drawn(self, 116) % len(MASKS)],) if self.action == MASK else ("N",)

    @property
    def goes_by_fhir(self) -> bool:
        """One pair of documents in twelve, another pair every day: as many each night, whatever kinds they are."""
        day, rank = self.replaces or (self.day, self.rank)
        return (rank // 2 + day) % 12 == 2

    @property
    def carrier(self) -> str:
        """How it travels; documents of one stay go together, and so do all versions."""
        if self.goes_by_fhir:
            return FHIR
        return XDM if self.action or fate(self) or scatter(np.array([self.anchor]), 113)[0] % 10 < 4 else CDA


def drawn(document: Document, salt: int) -> int:
    """A fixed draw of this document."""
    return int(scatter(np.array([document.place]), salt)[0])


def drawn_once(document: Document, salt: int) -> int:
    """A fixed draw of a document and all its versions."""
    return int(scatter(np.array([document.origin]), salt)[0])


def filed(world: World, day: int) -> list[Document]:
    """The documents filed on that day, in order of rank."""
    first = first_versions(world, day)
    later = first_versions(world, day - 2) if day - 2 >= world.start else []
    renewed = [
        replace(d, day=day, made=day, rank=500_000 + d.rank, version=2, replaces=(d.day, d.rank), action=REPLACE)
        for d in later
        if fate(d) == REPLACE
    ]
    told = [replace(d, action=fate(d)) for d in later if fate(d) in (DELETE, MASK, TOUCH)]
    return [replace(d, filed=day) for d in (*first, *renewed, *told)]


def fate(document: Document) -> str:
    """What becomes of a first version two days later: an action, or nothing."""
    turn = drawn(document, 111) % 1000
    return next((action for limit, action in FATES if turn < limit), "")


FATES = ((30, REPLACE), (38, DELETE), (50, MASK), (54, TOUCH))  # of a thousand


def in_package(document: Document) -> bool:
    """Whether the document travels in an IHE_XDM package."""
    return document.carrier == XDM


def first_versions(world: World, day: int) -> list[Document]:
    """The day's new documents, all kinds, each kind its share of the day's quota."""
    sizes = world.sizes
    quota = share(world, day, 100)
    draw = stream(sizes.seed, "documents", day)
    stays, sales = world.stays(day), sold(world, day)
    found: list[Document] = []
    for document in (
        *after_stays(draw, stays, day, share(world, day, 33)),
        *after_sales(draw, sales, day, share(world, day, 9)),
    ):
        found.append(replace(document, rank=len(found)))
    people = world.people
    base = np.flatnonzero((people.birth + 400 < day) & (people.dies > day) & (people.birth_exit < 0))
    chosen = draw.choice(base, max(quota - len(found), 0), replace=False)
    for person, turn in zip(chosen.tolist(), draw.integers(0, 100, len(chosen)).tolist(), strict=True):
        code = next(code for limit, code in IN_TOWN if turn < limit)
        late = int(turn % 7) if code == REPORT and turn % 3 == 0 else 0
        found.append(Document(day, len(found), person, TOWN, code, entry=day - late, made=day - late))
    return found


IN_TOWN = ((55, REPORT), (64, RAPID_TEST), (76, VACCINATION), (86, VACCINES), (95, SYNTHESIS), (100, SUMMARY))


def share(world: World, day: int, percent: int) -> int:
    """How many of the day: a share of the documents that the root asks for in thirty days, its fractions saved up."""
    asked, since = world.sizes.documents * percent, day - world.start
    return (since + 1) * asked // 3000 - since * asked // 3000


def after_stays(draw: np.random.Generator, stays: pd.DataFrame, day: int, count: int) -> Iterator[Document]:
    """Of some stays that end, a letter or report of the stay and a laboratory report; every third letter is a PDF."""
    chosen = np.sort(draw.permutation(len(stays))[:count])
    for row in stays.iloc[chosen].itertuples():
        shared = (int(row.person), int(row.hospital))
        turn = int(row.Index) % 6
        code, level = (STAY_REPORT, 3) if turn > 3 else (LETTER, 1 if turn % 2 == 0 else 3)
        yield Document(day, 0, *shared, code, row.number, int(row.entry), day, level=level)
        yield Document(day, 0, *shared, REPORT, row.number, int(row.entry), day)


def sold(world: World, day: int) -> pd.DataFrame:
    """Lines of the day's tickets that hand out something and take nothing back."""
    lines = dispensations(world, day)
    return lines[(lines.event == "sale").groupby(lines.ticket).transform("all")]


def after_sales(draw: np.random.Generator, sales: pd.DataFrame, day: int, count: int) -> Iterator[Document]:
    """Of some sales the prescription, dated when it was written, and what the pharmacy tells of handing it out."""
    heads = sales.drop_duplicates("ticket")
    chosen = np.sort(draw.permutation(len(heads))[:count])
    for row in heads.iloc[chosen].itertuples():
        who, stay, ticket = int(row.person), row.stay, row.ticket
        made = int(row.prescribed)
        yield Document(day, 0, who, int(row.stay_hospital), PRESCRIPTION, stay, made, made, ticket)
        yield Document(day, 0, who, TOWN, DISPENSATION, stay, day, day, ticket)
