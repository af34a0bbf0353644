"""What simulated producers tell of their patients, night by night, as claims: without files, for linkage alone."""

import hashlib
from collections.abc import Iterator
from datetime import date
from typing import Any

import numpy as np

from jobs.core.schema import load_schema
from synthetic import life
from synthetic.cda import ins_of, local_number
from synthetic.dispensing import dispensations
from synthetic.draws import iso_day
from synthetic.identity_lines import numbers_known
from synthetic.life import identities
from synthetic.nir import finess
from synthetic.patients import patient_of
from synthetic.people import NOBODY
from synthetic.pharmacy import pharmacy_id
from synthetic.pharmacy import told as told_at_counter
from synthetic.truth import person_id
from synthetic.world import World
from tests.spec.link_cases import subject

Claim = dict[str, Any]
NAMES = load_schema("identity/claim").names


def everyone(world: World, share: int) -> "np.ndarray":
    """True for the persons of life events, their mothers, and one in ``share`` of the others with their households."""
    people = world.people
    family = np.where(people.mother >= 0, people.mother, np.arange(len(people)))
    chosen = family % share == 0
    for one in life.events(world):
        chosen[[who for who in (one.person, one.other, people.mother[one.person]) if who >= 0]] = True
    return chosen


def told(world: World, chosen: "np.ndarray", first: int) -> Iterator[Claim]:
    """The claims that the night after ``world.until`` reads: care from the day ``first`` on, and hospitals' stays."""
    for one in (*hospital(world, chosen), *pharmacy(world, chosen, first), *shared_record(world, first)):
        said = repr(sorted((name, value) for name, value in one.items() if value is not None))
        yield dict.fromkeys(NAMES) | one | {"claim_id": hashlib.sha256(said.encode()).hexdigest()[:32]}


def common(source: str, producer: str, local: str, who: int) -> Claim:
    """What every claim has; ``label`` names the subject, ``person`` the true person."""
    label = f"{source}:{producer}:{local}"
    return {
        "source": source,
        "producer": producer,
        "label": label,
        "subject_id": subject(label),
        "delivery_id": "d1",
        "number_status": "valid",
        "person": str(person_id(np.array([who]))[0]),
    }


def born(day: int) -> Claim:
    """A birth date."""
    return {"birth_date": date.fromisoformat(iso_day(day)), "birth_date_text": iso_day(day)}


def hospital(world: World, chosen: "np.ndarray") -> Iterator[Claim]:
    """All stays so far, as a hospital sends its year again every night."""
    people, stays = world.people, world.all_stays(world.start, world.until)
    stays = stays[chosen[stays.person.to_numpy(dtype=np.int64)]].reset_index(drop=True)
    as_told = identities(world, stays)
    known = numbers_known(people, stays, as_told)
    for row, birth, holder, own, ins in zip(stays.itertuples(), as_told.birth, *known, strict=True):
        who = int(row.person)
        yield (
            common("hospital", finess(row.hospital), str(who), who)
            | born(int(birth))
            | {
                "holder_nir": people.number[holder],
                "own_nir": people.number[who] if own else None,
                "ins": people.number[who] if ins else None,
                "sex": str(people.sex[who]),
                "birth_rank": int(people.birth_rank[who]),
            }
        )


def pharmacy(world: World, chosen: "np.ndarray", first: int) -> Iterator[Claim]:
    """The visits since the night before; who has a number is known by it, birth and rank, else by traits."""
    people = world.people
    for day in range(first, world.until + 1):
        lines = dispensations(world, day)
        visits = lines[chosen[lines.person.to_numpy()]].drop_duplicates("ticket")
        for row, insured, birth, family, given in zip(
            visits.itertuples(), *told_at_counter(people, visits), strict=True
        ):
            who, rank = int(row.person), int(people.birth_rank[row.person])
            number = people.number[insured] if insured != NOBODY else None
            local = f"{number or f'{family} {given}'} {birth} {rank}"
            yield (
                common("pharmacy", pharmacy_id(row.pharmacy), local, who)
                | born(int(birth))
                | {
                    "own_nir": number if insured == who else None,
                    "holder_nir": number if insured != who else None,
                    "number_status": "valid" if number else "missing",
                    "used_name": family or None,
                    "given_names": given or None,
                    "sex": str(people.sex[who]),
                    "birth_rank": rank,
                }
            )


def shared_record(world: World, first: int) -> Iterator[Claim]:
    """The documents of life events since the night before."""
    people = world.people
    for day in range(first, world.until + 1):
        for document in life.documents(world, day):
            one, (root, local) = patient_of(people, document), local_number(document)
            yield (
                common("shared_record", "DMP1", f"{root}^{local}", document.person)
                | born(one.birth)
                | {
                    "ins": ins_of(people, document.person)[:13] if one.qualified else None,
                    "number_status": "valid" if one.qualified else "missing",
                    "family_name": one.birth_name,
                    "used_name": one.used_name if one.used_name != one.birth_name else None,
                    "given_names": " ".join(one.given),
                    "first_given_name": one.given[0],
                    "sex": str(one.sex),
                    "birth_place": one.place,
                }
            )
