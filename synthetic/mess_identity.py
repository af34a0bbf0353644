# ruff: noqa: E501 - a table of cases reads better with one case a line
"""Group B of the catalogue: whose document it is. Numbers and names are invented, also where they are wrong."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from synthetic import cda
from synthetic.mess import ACCEPTED, QUARANTINED
from synthetic.mess_documents import Case, Planted, Subject, accepted, single, swap
from synthetic.nir import keys
from synthetic.xdm import package

NIR, NIA, TEST, DEMO, INSURER = (f"1.2.250.1.213.1.4.{n}" for n in (8, 9, 10, 11, 13))
ROLE = re.compile(r"<recordTarget>.*?</recordTarget>", re.DOTALL)
DOCTOR = re.compile(r'(<author>.*?extension=")(\d+)(")', re.DOTALL)
STRUCTURE = re.compile(r'(<id root="1\.2\.250\.1\.71\.4\.2\.2" extension=")(\d+)(")')


def qualified(subject: Subject) -> bool:
    """Whether the INS is sent."""
    return cda.qualified(subject.world.people, subject.document)


def of_subject(
    code: str, change: Callable[[Subject], str], outcome: str = ACCEPTED, rule: str = "", **more: Any
) -> Case:
    """A case that must know the patient."""

    def make(subject: Subject) -> list[Planted]:
        return [single(subject, f"{subject.name}.xml", change(subject).encode(), outcome, rule)]

    return Case(code, outcome, rule, make, **more)


def ids(code: str, told: Callable[[Subject], str], rule: str = "", outcome: str = ACCEPTED) -> Case:
    """A case with other identifiers of the patient; only of those whose INS is sent."""
    return of_subject(code, lambda s: s.text.replace(s.ids, told(s), 1), outcome, rule, fits=qualified)


def own(subject: Subject) -> str:
    """The number in the structure."""
    root, number = cda.local_number(subject.document)
    return f'<id root="{root}" extension="{number}"/>'


def ident(root: str, number: str) -> str:
    """One identifier."""
    return f'<id root="{root}" extension="{number}"/>'


def wrong_key(number: str) -> str:
    """A number with another key."""
    return f"{number[:13]}{(int(number[13:]) + 1) % 97 + 1:02d}"


def other_order(number: str) -> str:
    """Another number of the same sex, birth and place, as after a merge of two records of one patient."""
    thirteen = f"{number[:10]}{(int(number[10:13]) + 500) % 1000:03d}"
    return thirteen + str(keys(np.array([thirteen]))[0])


def by_agent(pattern: re.Pattern[str], number: Callable[[str], str]) -> Callable[[str], str]:
    """Another number of whoever the pattern finds."""
    return lambda text: pattern.sub(lambda found: found[1] + number(found[2]) + found[3], text)


def born(value: str) -> Callable[[Subject], str]:
    """The birth date told in another way; ``{}`` is the date itself."""

    def change(subject: Subject) -> str:
        found = re.search(r'<birthTime value="(\d{8})"/>', subject.text)
        assert found
        return subject.text.replace(found[0], value.replace("{}", found[1]).replace("{year}", found[1][:4]), 1)

    return change


def place(code: str) -> Callable[[str], str]:
    """Another commune of birth."""
    return lambda text: re.sub(r"<county>\w*</county>", f"<county>{code}</county>" if code else "", text, count=1)


def without_traits(text: str) -> str:
    """No commune of birth, no birth date, no sex."""
    return re.sub(r"\s*<(birthTime|administrativeGenderCode)[^>]*/>", "", place("")(text), count=2)


def other_sex(text: str) -> str:
    """The sex that the number does not say."""
    told = 'administrativeGenderCode code="'
    return text.replace(f'{told}M"', f'{told}?"').replace(f'{told}F"', f'{told}M"').replace(f'{told}?"', f'{told}F"')


def elsewhere(subject: Subject) -> list[Planted]:
    """Metadata about another patient."""
    said = f"{subject.stranger.ins}^^^&{NIR}&ISO^NH"
    return [single(subject, f"{subject.name}.zip", package([subject.enclosed(patient=said)]), QUARANTINED, "DOC-018")]


def elsewhere_at_home(subject: Subject) -> list[Planted]:
    """Metadata with another local number of the patient."""
    root, number = cda.local_number(subject.document)
    made = package([subject.enclosed(local=f"{number}7^^^&{root}&ISO^PI")])
    return [single(subject, f"{subject.name}.zip", made, QUARANTINED, "DOC-018")]


def name_part(subject: Subject) -> str:
    """The birth name as written in the document."""
    found = re.search(r'<family qualifier="BR">(.*?)</family>', subject.text)
    assert found
    return found[0]


def named(code: str, new: Callable[[str], str]) -> Case:
    """Another way to write the birth name; the argument is the name."""

    def change(subject: Subject) -> str:
        old = name_part(subject)
        return subject.text.replace(old, new(old[old.index(">") + 1 : old.rindex("<")]), 1)

    return of_subject(code, change)


def corsican(subject: Subject) -> bool:
    """A number with a letter."""
    return qualified(subject) and subject.ins[6] in "AB"


CASES: tuple[Case, ...] = (
    ids("B-01", lambda s: own(s) + ident(NIR, s.ins)),
    ids("B-02", own),
    ids("B-03/test", lambda s: ident(TEST, s.ins) + own(s), "DOC-007", QUARANTINED),
    ids("B-03/demo", lambda s: ident(DEMO, s.ins) + own(s), "DOC-007", QUARANTINED),
    ids("B-04", lambda s: ident(NIR, wrong_key(s.ins)) + own(s), "IDE-001"),
    ids("B-05", lambda s: ident(NIA, s.ins) + own(s)),
    ids("B-06/equal", lambda s: ident(INSURER, s.ins) + ident(NIR, s.ins) + own(s)),
    ids("B-06/other", lambda s: ident(INSURER, s.stranger.ins) + ident(NIR, s.ins) + own(s)),
    ids("B-07", lambda s: ident("1.2.250.1.999.1", s.ins), "DOC-104"),
    ids("B-08/null", lambda s: f'<id root="{NIR}" nullFlavor="UNK"/>{own(s)}'),
    ids("B-08/empty", lambda s: ident(NIR, "") + own(s)),
    ids("B-08/spaces", lambda s: ident(NIR, f" {s.ins[:1]} {s.ins[1:3]} {s.ins[3:]} ") + own(s)),
    ids("B-08/letters", lambda s: ident(NIR, f"X{s.ins[1:]}") + own(s), "IDE-004"),
    of_subject("B-08/corsica", lambda s: s.text.replace(s.ids, s.ids.replace(s.ins, s.ins.lower())), fits=corsican),
    of_subject("B-08/nobody", lambda s: s.text.replace(s.ids, '<id nullFlavor="UNK"/>'), QUARANTINED, "DOC-008"),
    ids("B-09/key", lambda s: ident(NIR, wrong_key(s.ins)) + own(s), "IDE-001"),
    accepted("B-09/sex", other_sex, "DOC-214", fits=qualified),
    ids("B-10", lambda s: ident(NIR, s.ins[:13]) + own(s), "IDE-004"),
    ids("B-11/three", lambda s: ident(NIR, s.ins) + own(s) + ident("2.25.79999999", s.name)),
    ids("B-11/old", lambda s: ident(NIR, s.ins) + ident(NIA, s.ins) + own(s)),
    ids("B-11/two", lambda s: ident(NIR, s.ins) + ident(NIR, other_order(s.ins)) + own(s), "DOC-215"),
    accepted("B-12", without_traits, "DOC-105", fits=qualified),
    named("B-13/spouse", lambda name: f'<family qualifier="BR">{name}</family><family qualifier="SP">AUTRE</family>'),
    named("B-13/plain", lambda name: f"<family>{name}</family>"),
    named("B-13/several", lambda name: f'<family qualifier="BR">{name}</family><family qualifier="CL">D\'USAGE-AUTRE</family>'),
    of_subject("B-14/year", born('<birthTime value="{year}"/>')),
    of_subject("B-14/null", born('<birthTime nullFlavor="UNK"/>'), rule="DOC-105", fits=qualified),
    of_subject("B-14/time", born('<birthTime value="{}120000"/>')),
    of_subject("B-14/zone", born('<birthTime value="{}013000+0200"/>')),
    accepted("B-15/abroad", place("99139")),
    accepted("B-15/none", place(""), "DOC-105", fits=qualified),
    accepted("B-15/paris", place("75056")),
    accepted("B-16", place("63999")),
    Case("B-17/registry", QUARANTINED, "DOC-018", elsewhere, qualified),
    Case("B-17/source", QUARANTINED, "DOC-018", elsewhere_at_home),
    of_subject(
        "B-18", lambda s: ROLE.sub(lambda found: found[0] + ROLE.search(s.stranger.text)[0], s.text, count=1),  # type: ignore[index]
        QUARANTINED, "DOC-020",
    ),
    of_subject("B-19", lambda s: swap('<id root="1.2.250.1.71.4.2.1"', f'<id root="{NIR}" extension="{s.ins}"/>\n      <id root="1.2.250.1.71.4.2.1"')(s.text)),
    accepted("B-20/short", by_agent(DOCTOR, lambda number: number[1:])),
    accepted("B-20/adeli", by_agent(DOCTOR, lambda number: f"0{number[-9:]}")),
    accepted("B-20/inside", by_agent(DOCTOR, lambda number: f"3{number[1:10]}/1453")),
    accepted("B-21/finess", by_agent(STRUCTURE, lambda number: number[1:])),
    accepted("B-21/siret", by_agent(STRUCTURE, lambda number: f"3{number[1:10]}00019")),
)  # fmt: skip
