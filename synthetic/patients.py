"""Who a document says its patient is: the truth, unless the writer knew less, mistyped it, or took one for another."""

from dataclasses import dataclass, replace

import numpy as np

from synthetic.documents import Document
from synthetic.draws import chance, scatter
from synthetic.mistyped import Typed, mistype
from synthetic.people import Population

SECOND_NAME = -1  # no mistake of typing: the person goes by the second given name
TYPED = 0.4  # of the patients whose identity nobody verified: their traits are typed by hand, with a mistake


@dataclass(frozen=True)
class Patient:
    """Traits as told; ``birth`` is a day number, ``qualified`` says whether the identity was verified (INS sent)."""

    birth_name: str
    used_name: str
    given: tuple[str, ...]
    birth: int
    sex: int
    place: str
    qualified: bool

    @property
    def called(self) -> str:
        """First given name and birth name."""
        return f"{self.given[0]} {self.birth_name}"


def patient_of(people: Population, document: Document) -> Patient:
    """What the document tells of its patient."""
    who, told = np.array([document.person]), document.told
    if told is not None:
        taken = document.person if told.taken_for is None else told.taken_for
        true = truly(people, taken, document.day, told.qualified)
        return true if told.mistake is None else mistaken(true, told.mistake)
    true = truly(people, document.person, document.day, is_qualified(people, document))
    typed = not true.qualified and bool(chance(who, 124, TYPED)[0])
    return mistaken(true, int(scatter(who, 135)[0])) if typed else true


def is_qualified(people: Population, document: Document) -> bool:
    """Whether the patient's identity was verified."""
    newborn = people.birth_exit[document.person] == document.made
    return bool(chance(np.array([document.person]), 122, 0.5 if newborn else 0.92)[0])


def truly(people: Population, who: int, day: int, qualified: bool) -> Patient:
    """A person's traits on a day."""
    return Patient(
        birth_name=str(people.birth_name[who]),
        used_name=str(people.used_name(day, np.array([who]))[0]),
        given=tuple(map(str, people.given[who])),
        birth=int(people.birth[who]),
        sex=int(people.sex[who]),
        place=str(people.places[who]),
        qualified=qualified,
    )


def mistaken(true: Patient, turn: int) -> Patient:
    """The traits with one mistake of typing; a family name that is typed once stands for both names."""
    if turn == SECOND_NAME:
        return replace(true, given=(true.given[1], true.given[0], *true.given[2:]))
    typed = mistype(Typed(true.birth_name, true.given[0], true.birth), turn)
    used = true.used_name if typed.family == true.birth_name else typed.family
    given = (typed.given, *true.given[1:])
    return replace(true, birth_name=typed.family, used_name=used, given=given, birth=typed.birth)
