"""Documents as CDA R2 of the French interoperability framework: one header, and a PDF or sections as the body."""

import base64
from functools import cache
from typing import NamedTuple

import numpy as np

from synthetic import documents as d
from synthetic.cda_entries import body
from synthetic.document_facts import compact, facts_of, moment, written_at
from synthetic.documents import TOWN, Document, drawn, drawn_once
from synthetic.hospital import patient_number
from synthetic.names import listed, surnames
from synthetic.nir import finess, rpps
from synthetic.patients import patient_of
from synthetic.pdf import tiny_pdf
from synthetic.people import NOBODY, Population
from synthetic.pharmacy import pharmacy_id
from synthetic.templates import Markup, fill
from synthetic.world import World

INS_OID = "1.2.250.1.213.1.4.8"
LOINC, CI_SIS = "2.16.840.1.113883.6.1", "1.2.250.1.213.1.1.4.12"
LOCAL_ROOT = 80_000_000


class Model(NamedTuple):
    """A kind of document: its name, template of the model with version, speciality of its author, kind of facility."""

    name: str
    template: str
    version: str
    speciality: str
    facility: str


MODELS = {
    d.LETTER: Model("Lettre de liaison à la sortie", "29", "2024.01", "SM26", "SA01"),
    d.STAY_REPORT: Model("Compte rendu hospitalier", "29", "2024.01", "SM26", "SA01"),
    d.REPORT: Model("Compte rendu d'examens biologiques", "55", "2024.01", "SM02", "SA25"),
    d.RAPID_TEST: Model("Test rapide d'orientation diagnostique", "59", "2024.01", "PAC00", "SA33"),
    d.PRESCRIPTION: Model("Prescription de produits de santé", "39", "2024.01", "SM26", "SA07"),
    d.DISPENSATION: Model("Dispensation médicamenteuse", "54", "2024.01", "PAC00", "SA33"),
    d.VACCINATION: Model("Note de vaccination", "46", "2024.01", "SM26", "SA07"),
    d.VACCINES: Model("Historique de vaccination", "37", "2024.01", "SM26", "SA07"),
    d.SYNTHESIS: Model("Volet de synthèse médicale", "13", "201310", "SM26", "SA07"),
    d.SUMMARY: Model("Résumé international du dossier patient", "51", "2024.01", "SM26", "SA07"),
}


def qualified(people: Population, document: Document) -> bool:
    """Whether the patient's identity was verified, so that the INS is sent."""
    return patient_of(people, document).qualified


def render(world: World, document: Document) -> str:
    """The whole document as text."""
    people, model = world.people, MODELS[document.type_code]
    related: object = ""
    if document.replaces:
        related = fill(
            "related", replaced_id=document.replaced_id, set_id=document.set_id, version=document.version - 1
        )
    called = patient_of(people, document).called
    named = drawn(document, 125) % 9 == 0  # titles name patients now and then
    return fill(
        "document",
        model=f"1.2.250.1.213.1.1.1.{model.template}",
        model_version=model.version,
        unique_id=document.unique_id,
        type_code=document.type_code,
        type_name=model.name,
        type_system=CI_SIS if document.type_code == d.SYNTHESIS else LOINC,
        title=f"{model.name} de {called}" if named else model.name,
        effective=moment(*written_at(document)),
        set_id=document.set_id,
        version=document.version,
        related=related,
        body=letter(document) if document.level == 1 else structured(world, document, called),
        **patient(people, document),
        **author(document),
        **setting(document),
    )


def letter(document: Document) -> Markup:
    """An unstructured body: a PDF in base64."""
    return fill("letter", content=base64.b64encode(tiny_pdf(f"Lettre {document.unique_id}")).decode())


def structured(world: World, document: Document, called: str) -> Markup:
    """Sections, the first words of each about the patient by name; some hold a copy of themselves as a PDF."""
    born = compact(patient_of(world.people, document).birth)
    narrative = f"{called}, né(e) le {born[6:]}/{born[4:6]}/{born[:4]}, tél. 01 99 00 {document.person % 90 + 10} 00"
    copy = f"Copie {document.unique_id}" if drawn(document, 126) % 7 == 0 else ""
    facts = facts_of(world, document)
    return body(
        facts,
        laboratory=document.type_code in (d.REPORT, d.RAPID_TEST),
        ident=document.place,
        narrative=narrative,
        copy=copy,
    )


def local_number(document: Document) -> tuple[str, str]:
    """(OID, number) of the patient in the structure that wrote; all of town share one."""
    house = document.hospital if document.hospital != TOWN else 900
    return f"2.25.{LOCAL_ROOT + document.hospital}", str(patient_number(np.array([document.person]), house)[0])


def ins_of(people: Population, who: int) -> str:
    """National number with its key."""
    return f"{people.number[who]}{people.key[who]}"


def patient_ids(people: Population, document: Document) -> Markup:
    """The patient's identifiers: INS when qualified, and the number in the structure that wrote."""
    root, number = local_number(document)
    own = f'<id root="{root}" extension="{number}"/>'
    if not qualified(people, document):
        return Markup(own)
    return Markup(f'<id root="{INS_OID}" extension="{ins_of(people, document.person)}"/>{own}')


def patient(people: Population, document: Document) -> dict[str, object]:
    """The patient's identifiers and traits of the civil register, and the third persons that stand beside."""
    who, at, told = document.person, np.array([document.person]), patient_of(people, document)
    other = told.used_name != told.birth_name
    called = fill("used", family=told.used_name, given=told.given[0]) if other else ""
    mail = f'<telecom use="H" value="mailto:{ins_of(people, who)}@patient.mssante.fr"/>'
    return {
        "ids": patient_ids(people, document),
        "telecom": Markup(mail if told.qualified else '<telecom nullFlavor="UNK"/>'),
        "residence": people.residence_at(document.day, at)[0],
        "birth_name": told.birth_name,
        "given_names": " ".join(told.given),
        "given": told.given[0],
        "used": called,
        "gender": "M" if told.sex == 1 else "F",
        "birth": compact(told.birth),
        "birth_place": told.place,
        "guardian": guardian(people, document),
        "informant": informant(people, document),
    }


def guardian(people: Population, document: Document) -> Markup:
    """A child's parent, with their own number and address of secure mail."""
    holder = int(people.guardian(document.day, np.array([document.person]))[0])
    if holder == document.person:
        return Markup("")
    names = {"family": people.birth_name[holder], "given": people.given[holder, 0]}
    return fill("guardian", number=ins_of(people, holder), **names)


def informant(people: Population, document: Document) -> Markup:
    """The husband or wife to be called in an emergency, on some documents."""
    spouse = int(people.spouse[document.person])
    if spouse == NOBODY or drawn(document, 127) % 3:
        return Markup("")
    relation = "HUSB" if people.sex[spouse] == 1 else "WIFE"
    return fill("informant", relation=relation, family=people.birth_name[spouse], given=people.given[spouse, 0])


def author(document: Document) -> dict[str, object]:
    """Who wrote, all versions alike: a professional of the structure, by the national number with its type digit."""
    rank = 500 + document.hospital % 100 if document.hospital != TOWN else drawn_once(document, 128) % 500
    family, given = doctors()
    return {
        "doctor": "8" + rpps(rank),
        "doctor_name": family[rank * 7 % len(family)],
        "doctor_given": given[rank % len(given)],
        "speciality": MODELS[document.type_code].speciality,
    }


@cache
def doctors() -> tuple[list[str], list[str]]:
    """Names that professionals bear."""
    return [str(name) for name in surnames(1)], [*listed("given_names", "1"), *listed("given_names", "2")]


def structure(document: Document) -> tuple[str, str]:
    """(national number with its type digit, name) of the structure that wrote."""
    if document.hospital != TOWN:
        return "1" + finess(document.hospital), f"Centre hospitalier inventé {document.hospital + 1}"
    if document.type_code in (d.DISPENSATION, d.RAPID_TEST):
        return "1" + pharmacy_id(drawn_once(document, 129) % 50), "Pharmacie inventée"
    return "1" + finess(900), "Laboratoire inventé" if document.type_code == d.REPORT else "Cabinet inventé"


def setting(document: Document) -> dict[str, object]:
    """In which structure, about which stay or visit."""
    town = document.hospital == TOWN
    ident = f'<id root="2.25.{81_000_000 + document.hospital}" extension="{document.stay}"/>'
    number, name = structure(document)
    return {
        "structure": number,
        "structure_name": name,
        "sector": "AMBULATOIRE" if town else "ETABLISSEMENT",
        "facility": MODELS[document.type_code].facility if town else "SA01",
        "encounter": Markup(ident if document.stay and not town else ""),
        "entry": compact(document.entry),
        "exit": compact(document.made),
    }
