"""Which documents are filed on one day: after stays a letter and a laboratory report, other reports, new versions."""

from dataclasses import dataclass, replace

import numpy as np

from synthetic.draws import scatter, stream
from synthetic.world import World

LETTER, REPORT = "11490-0", "11502-2"
TOWN = -1  # a laboratory in town, not a hospital


@dataclass(frozen=True)
class Document:
    """One document: who, what, which version, and what is asked of an earlier one (``C`` replace, ``D`` delete)."""

    day: int
    rank: int
    person: int
    hospital: int
    type_code: str
    stay: str = ""
    entry: int = 0
    version: int = 1
    replaces: tuple[int, int] | None = None
    action: str = ""

    @property
    def place(self) -> int:
        """A whole number that is this document's alone; what a second version replaces has another."""
        return self.day * 1_000_000 + self.rank

    @property
    def unique_id(self) -> str:
        """The document's identifier, an OID below the arc of UUIDs."""
        return f"2.25.{90_000_000_000_000 + self.place}"

    @property
    def set_id(self) -> str:
        """The identifier that all versions share."""
        day, rank = self.replaces or (self.day, self.rank)
        return f"2.25.{70_000_000_000_000 + day * 1_000_000 + rank}"

    @property
    def replaced_id(self) -> str:
        """Identifier of the document that this one replaces; empty for a first version."""
        return f"2.25.{90_000_000_000_000 + self.replaces[0] * 1_000_000 + self.replaces[1]}" if self.replaces else ""


def filed(world: World, day: int) -> list[Document]:
    """The documents filed on that day, in order of rank."""
    first = first_versions(world, day)
    later = [d for d in first_versions(world, day - 2) if day - 2 >= world.start]
    renewed = [
        replace(d, day=day, rank=500_000 + d.rank, version=2, replaces=(d.day, d.rank), action="C")
        for d in later
        if fate(d) == "C"
    ]
    deleted = [replace(d, action="D") for d in later if fate(d) == "D"]
    return first + renewed + deleted


def fate(document: Document) -> str:
    """What becomes of a first version two days later: replaced (``C``), deleted (``D``), or nothing."""
    drawn = int(scatter(np.array([document.place]), 111)[0]) % 1000
    return "C" if drawn < 30 else "D" if drawn < 38 else ""


def first_versions(world: World, day: int) -> list[Document]:
    """The day's new documents: two for each of some stays that end, laboratory reports from town for the rest."""
    sizes, since = world.sizes, day - world.start
    quota = (since + 1) * sizes.documents // 30 - since * sizes.documents // 30
    draw = stream(sizes.seed, "documents", day)
    stays = world.stays(day)
    chosen = draw.permutation(len(stays))[: int(quota * 0.42)]
    result: list[Document] = []
    for row in stays.iloc[np.sort(chosen)].itertuples():
        for code in (LETTER, REPORT):
            result.append(
                Document(day, len(result), int(row.person), int(row.hospital), code, row.number, int(row.entry))
            )
    people = world.people
    base = np.flatnonzero((people.birth + 400 < day) & (people.dies > day) & (people.birth_exit < 0))
    for person in draw.choice(base, max(quota - len(result), 0), replace=False):
        result.append(Document(day, len(result), int(person), TOWN, REPORT, entry=day))
    return result


def in_package(document: Document) -> bool:
    """Whether the document travels in an IHE_XDM package; the documents of one stay go together."""
    anchor = np.array([document.day * 1_000_000 + (document.rank // 2 if document.stay else 400_000 + document.rank)])
    return document.action != "" or bool(scatter(anchor, 113)[0] % 10 < 4)
