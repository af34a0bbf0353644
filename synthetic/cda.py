"""Documents as CDA R2 of the French interoperability framework: one header, a letter in PDF or laboratory results."""

import base64
import csv
from datetime import datetime, timedelta
from functools import cache

import numpy as np

from synthetic.deposit import PARIS
from synthetic.documents import LETTER, REPORT, TOWN, Document
from synthetic.draws import chance, iso_day, scatter, stream
from synthetic.hospital import patient_number
from synthetic.nir import finess, rpps
from synthetic.pdf import tiny_pdf
from synthetic.people import Population
from synthetic.stays import DATA
from synthetic.templates import Markup, fill

INS_OID = "1.2.250.1.213.1.4.8"
TITLES = {LETTER: "Lettre de liaison à la sortie", REPORT: "Compte rendu d'examens biologiques"}
MODELS = {LETTER: "1.2.250.1.213.1.1.1.29", REPORT: "1.2.250.1.213.1.1.1.55"}
SPECIALITY = {LETTER: "SM26", REPORT: "SM02"}
DETECTED, NOT_DETECTED = "260373001", "260415000"


@cache
def lab_tests() -> list[dict[str, str]]:
    """The tests that laboratories report: LOINC code, UCUM unit, usual values."""
    with (DATA / "lab_tests.csv").open(encoding="utf-8", newline="") as stream_:
        return list(csv.DictReader(stream_))


def moment(day: int, seconds: int) -> str:
    """A local moment in Paris as HL7 writes it, with its distance from UTC."""
    local = datetime.fromisoformat(iso_day(day)).replace(tzinfo=PARIS) + timedelta(seconds=seconds)
    return local.strftime("%Y%m%d%H%M%S%z")


def compact(day: int) -> str:
    """A day as YYYYMMDD."""
    return iso_day(day).replace("-", "")


def written_at(document: Document) -> tuple[int, int]:
    """Day and second of the day at which the document was made; never in the hour that clocks repeat."""
    return document.day, 9 * 3600 + int(scatter(np.array([document.place]), 121)[0] % 30_000)


def qualified(people: Population, document: Document) -> bool:
    """Whether the patient's identity was verified, so that the INS is sent."""
    person = np.array([document.person])
    newborn = people.birth_exit[document.person] == document.day
    return bool(chance(person, 122, 0.5 if newborn else 0.92)[0])


def render(people: Population, document: Document, seed: int) -> str:
    """The whole document as text."""
    related: object = ""
    if document.replaces:
        related = fill(
            "related", replaced_id=document.replaced_id, set_id=document.set_id, version=document.version - 1
        )
    return fill(
        "document",
        model=MODELS[document.type_code],
        unique_id=document.unique_id,
        type_code=document.type_code,
        title=TITLES[document.type_code],
        effective=moment(*written_at(document)),
        set_id=document.set_id,
        version=document.version,
        related=related,
        body=letter(document) if document.type_code == LETTER else report(document, seed),
        **patient(people, document),
        **setting(document),
    )


def patient_ids(people: Population, document: Document) -> Markup:
    """The patient's identifiers: INS when qualified, and the number in the structure that wrote."""
    who = document.person
    local = patient_number(np.array([who]), document.hospital if document.hospital != TOWN else 900)[0]
    own = f'<id root="2.25.{80_000_000 + document.hospital}" extension="{local}"/>'
    if not qualified(people, document):
        return Markup(own)
    return Markup(f'<id root="{INS_OID}" extension="{people.number[who]}{people.key[who]}"/>{own}')


def patient(people: Population, document: Document) -> dict[str, object]:
    """The patient's identifiers and traits of the civil register."""
    who, at = document.person, np.array([document.person])
    used = str(people.used_name(document.day, at)[0])
    other = used != people.birth_name[who]
    called = fill("used", family=used, given=people.given[who, 0]) if other else ""
    mail = f'<telecom use="H" value="mailto:{people.number[who]}{people.key[who]}@patient.mssante.fr"/>'
    return {
        "ids": patient_ids(people, document),
        "telecom": Markup(mail if qualified(people, document) else '<telecom nullFlavor="UNK"/>'),
        "residence": people.residence_at(document.day, at)[0],
        "birth_name": people.birth_name[who],
        "given_names": " ".join(people.given[who]),
        "given": people.given[who, 0],
        "used": called,
        "gender": "M" if people.sex[who] == 1 else "F",
        "birth": compact(int(people.birth[who])),
        "birth_place": people.places[who],
    }


def setting(document: Document) -> dict[str, object]:
    """Who wrote, in which structure, about which stay or visit."""
    town = document.hospital == TOWN
    ident = f'<id root="2.25.{81_000_000 + document.hospital}" extension="{document.stay}"/>'
    return {
        "doctor": "8" + rpps(500 + document.hospital % 100),
        "speciality": SPECIALITY[document.type_code],
        "structure": "1" + finess(900 if town else document.hospital),
        "structure_name": "Laboratoire inventé" if town else f"Centre hospitalier inventé {document.hospital + 1}",
        "sector": "AMBULATOIRE" if town else "ETABLISSEMENT",
        "facility": "SA25" if town else "SA01",
        "encounter": Markup(ident if document.stay else ""),
        "entry": compact(document.entry),
        "exit": compact(document.day),
    }


def letter(document: Document) -> Markup:
    """An unstructured body: a PDF in base64."""
    return fill("letter", content=base64.b64encode(tiny_pdf(f"Lettre {document.unique_id}")).decode())


def report(document: Document, seed: int) -> Markup:
    """A structured body: three to six measured results, and now and then a rapid test."""
    draw = stream(seed, "results", document.day, document.rank)
    chosen = np.sort(draw.permutation(len(lab_tests()))[: 3 + int(draw.integers(0, 4))])
    at = moment(document.entry, 7 * 3600 + 1800)
    found = [(lab_tests()[place], measure(lab_tests()[place], draw)) for place in chosen]
    observations = "".join(observation(test, value, at) for test, value in found)
    if draw.random() < 0.15:
        observations += fill("detected", at=at, value=DETECTED if draw.random() < 0.3 else NOT_DETECTED)
    rows = "".join(fill("row", name=test["name"], value=value, unit=test["unit"]) for test, value in found)
    return fill("report", at=at, rows=Markup(rows), observations=Markup(observations))


def measure(test: dict[str, str], draw: np.random.Generator) -> str:
    """A plausible value of one test, with the decimals that laboratories print."""
    mean = float(test["mean"])
    return f"{max(mean + float(test['spread']) * float(draw.normal()), mean * 0.05):.{test['decimals']}f}"


def observation(test: dict[str, str], value: str, at: str) -> Markup:
    """One result: LOINC code, UCUM unit, range of reference and its reading."""
    reading = "L" if float(value) < float(test["low"]) else "H" if float(value) > float(test["high"]) else "N"
    kept = {name: test[name] for name in ("code", "name", "unit", "low", "high")}
    return fill("measured", at=at, value=value, reading=reading, **kept)
