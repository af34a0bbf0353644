"""Documents as CDA R2 of the French interoperability framework: one header, a letter in PDF or laboratory results."""

import base64
import csv
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from synthetic.deposit import PARIS
from synthetic.documents import LETTER, TOWN, Document
from synthetic.draws import chance, iso_day, scatter, stream
from synthetic.hospital import patient_number
from synthetic.nir import finess, rpps
from synthetic.population import Population
from synthetic.stays import DATA

INS_OID = "1.2.250.1.213.1.4.8"
PERSON_OID, STRUCTURE_OID = "1.2.250.1.71.4.2.1", "1.2.250.1.71.4.2.2"
LOINC, CODED = "2.16.840.1.113883.6.1", "2.16.840.1.113883.6.96"
TITLES = {LETTER: "Lettre de liaison à la sortie", "11502-2": "Compte rendu d'examens biologiques"}
MODELS = {LETTER: "1.2.250.1.213.1.1.1.29", "11502-2": "1.2.250.1.213.1.1.1.55"}


@cache
def lab_tests() -> list[dict[str, str]]:
    """The tests that laboratories report: LOINC code, UCUM unit, usual values."""
    with (DATA / "lab_tests.csv").open(encoding="utf-8", newline="") as stream_:
        return list(csv.DictReader(stream_))


def moment(day: int, seconds: int) -> str:
    """A local moment in Paris as HL7 writes it, with its distance from UTC."""
    local = datetime.fromisoformat(iso_day(day)).replace(tzinfo=PARIS) + timedelta(seconds=seconds)
    return local.strftime("%Y%m%d%H%M%S%z")


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
    effective = moment(*written_at(document))
    parent = "" if document.version == 1 else (
        f'<relatedDocument typeCode="RPLC"><parentDocument><id root="{document.replaced_id}"/>'
        f'<setId root="{document.set_id}"/><versionNumber value="{document.version - 1}"/></parentDocument></relatedDocument>'
    )  # fmt: skip
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:lab="urn:oid:1.3.6.1.4.1.19376.1.3.2">\n'
        '<realmCode code="FR"/><typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>'
        f'<templateId root="2.16.840.1.113883.2.8.2.1"/><templateId root="1.2.250.1.213.1.1.1.1"/><templateId root="{MODELS[document.type_code]}" extension="2024.01"/>\n'
        f'<id root="{document.unique_id}"/><code code="{document.type_code}" displayName={quoteattr(TITLES[document.type_code])} codeSystem="{LOINC}" codeSystemName="LOINC"/>'
        f'<title>{escape(TITLES[document.type_code])}</title><effectiveTime value="{effective}"/>'
        '<confidentialityCode code="N" displayName="Normal" codeSystem="2.16.840.1.113883.5.25"/><languageCode code="fr-FR"/>'
        f'<setId root="{document.set_id}"/><versionNumber value="{document.version}"/>\n'
        f"{patient(people, document)}\n{professionals(document, effective)}{parent}\n{encounter(document)}\n"
        f"{body(document, seed)}\n</ClinicalDocument>\n"
    )


def patient(people: Population, document: Document) -> str:
    """The record target: INS when qualified, local number, traits of the civil register."""
    who = document.person
    ins = str(people.number[who]) + str(people.key[who])
    known = qualified(people, document)
    ids = f'<id root="{INS_OID}" extension="{ins}"/>' if known else ""
    mail = f'<telecom use="H" value="mailto:{ins}@patient.mssante.fr"/>' if known else '<telecom nullFlavor="UNK"/>'
    local = patient_number(np.array([who]), document.hospital if document.hospital != TOWN else 900)[0]
    used = str(people.used_name(document.day, np.array([who]))[0])
    birth_name, given = str(people.birth_name[who]), [str(name) for name in people.given[who]]
    called = f'<family qualifier="CL">{escape(used)}</family><given qualifier="CL">{escape(given[0])}</given>' if used != birth_name else ""
    gender = "M" if people.sex[who] == 1 else "F"
    return (
        f'<recordTarget><patientRole>{ids}<id root="2.25.{80_000_000 + document.hospital}" extension="{local}"/>'
        f"<addr><postalCode>{people.residence_at(document.day, np.array([who]))[0]}</postalCode></addr>{mail}"
        f'<patient><name><family qualifier="BR">{escape(birth_name)}</family><given>{escape(" ".join(given))}</given>'
        f'<given qualifier="BR">{escape(given[0])}</given>{called}</name>'
        f'<administrativeGenderCode code="{gender}" codeSystem="2.16.840.1.113883.5.1"/>'
        f'<birthTime value="{iso_day(int(people.birth[who])).replace("-", "")}"/>'
        f"<birthplace><place><addr><county>{people.places[who]}</county></addr></place></birthplace></patient></patientRole></recordTarget>"
    )


def structure(document: Document) -> tuple[str, str, str]:
    """Number, name and sector of the structure that made the document."""
    if document.hospital == TOWN:
        return "1" + finess(900), "Laboratoire inventé", "AMBULATOIRE"
    return "1" + finess(document.hospital), f"Centre hospitalier inventé {document.hospital + 1}", "ETABLISSEMENT"


def professionals(document: Document, effective: str) -> str:
    """Author, custodian, legal authenticator and the act documented."""
    number, name, sector = structure(document)
    doctor = "8" + rpps(500 + document.hospital % 100)
    speciality = "SM26" if document.type_code == LETTER else "SM02"
    who = f'<id root="{PERSON_OID}" extension="{doctor}"/>'
    where = f'<id root="{STRUCTURE_OID}" extension="{number}"/><name>{escape(name)}</name>'
    person = "<assignedPerson><name><family>MÉDECIN</family><given>Inventé</given></name></assignedPerson>"
    return (
        f'<author><time value="{effective}"/><assignedAuthor>{who}<code code="G15_10/{speciality}" codeSystem="1.2.250.1.213.1.1.4.5"/>'
        f"{person}<representedOrganization>{where}</representedOrganization></assignedAuthor></author>"
        f"<custodian><assignedCustodian><representedCustodianOrganization>{where}</representedCustodianOrganization></assignedCustodian></custodian>"
        f'<legalAuthenticator><time value="{effective}"/><signatureCode code="S"/><assignedEntity>{who}{person}</assignedEntity></legalAuthenticator>'
        f'<documentationOf><serviceEvent><effectiveTime><low value="{effective}"/></effectiveTime><performer typeCode="PRF"><assignedEntity>{who}'
        f'<representedOrganization>{where}<standardIndustryClassCode code="{sector}" codeSystem="1.2.250.1.213.1.1.4.9"/></representedOrganization></assignedEntity></performer></serviceEvent></documentationOf>'
    )


def encounter(document: Document) -> str:
    """The stay or visit that the document is about."""
    number, stay = structure(document)[0], document.stay
    ident = f'<id root="2.25.{81_000_000 + document.hospital}" extension="{stay}"/>' if stay else ""
    days = f'<low value="{iso_day(document.entry).replace("-", "")}"/><high value="{iso_day(document.day).replace("-", "")}"/>'
    kind = "SA01" if document.hospital != TOWN else "SA25"
    return (
        f"<componentOf><encompassingEncounter>{ident}<effectiveTime>{days}</effectiveTime><location><healthCareFacility>"
        f'<id root="{STRUCTURE_OID}" extension="{number}"/><code code="{kind}" codeSystem="1.2.250.1.71.4.2.4"/></healthCareFacility></location></encompassingEncounter></componentOf>'
    )


def body(document: Document, seed: int) -> str:
    """A PDF in base64 for letters, coded results for laboratory reports."""
    if document.type_code == LETTER:
        encoded = base64.b64encode(tiny_pdf(f"Lettre {document.unique_id}")).decode()
        return f'<component><nonXMLBody><text mediaType="application/pdf" representation="B64">{encoded}</text></nonXMLBody></component>'
    draw = stream(seed, "results", document.day, document.rank)
    chosen = np.sort(draw.permutation(len(lab_tests()))[: 3 + int(draw.integers(0, 4))])
    at = moment(document.entry, 7 * 3600 + 1800)
    found = [measured(lab_tests()[i], draw) for i in chosen]
    entries = "".join(result(test, value, at) for test, value in found)
    rows = "".join(f"<tr><td>{escape(t['name'])}</td><td>{v} {escape(t['unit'])}</td></tr>" for t, v in found)
    if draw.random() < 0.15:
        entries += (
            f'<component><observation classCode="OBS" moodCode="EVN"><code code="94558-4" codeSystem="{LOINC}"/><statusCode code="completed"/>'
            f'<effectiveTime value="{at}"/><value xsi:type="CD" code="{"260373001" if draw.random() < 0.3 else "260415000"}" codeSystem="{CODED}"/></observation></component>'
        )
    return (
        f'<component><structuredBody><component><section><code code="18719-5" codeSystem="{LOINC}" displayName="Biochimie"/><title>Biochimie</title>'
        f"<text><table><tbody>{rows}</tbody></table></text>"
        '<entry typeCode="DRIV"><templateId root="1.3.6.1.4.1.19376.1.3.1"/><act classCode="ACT" moodCode="EVN">'
        f'<code code="18719-5" codeSystem="{LOINC}"/><statusCode code="completed"/><entryRelationship typeCode="COMP"><organizer classCode="BATTERY" moodCode="EVN">'
        f'<statusCode code="completed"/><effectiveTime value="{at}"/>{entries}</organizer></entryRelationship></act></entry></section></component></structuredBody></component>'
    )


def measured(test: dict[str, str], draw: np.random.Generator) -> tuple[dict[str, str], str]:
    """A plausible value of one test, with the decimals that laboratories print."""
    value = max(float(test["mean"]) + float(test["spread"]) * float(draw.normal()), float(test["mean"]) * 0.05)
    return test, f"{value:.{test['decimals']}f}"


def result(test: dict[str, str], value: str, at: str) -> str:
    """One observation: LOINC code, UCUM unit, range of reference and its reading."""
    unit = escape(test["unit"])
    reading = "L" if float(value) < float(test["low"]) else "H" if float(value) > float(test["high"]) else "N"
    return (
        f'<component><observation classCode="OBS" moodCode="EVN"><code code="{test["code"]}" displayName={quoteattr(test["name"])} codeSystem="{LOINC}"/>'
        f'<statusCode code="completed"/><effectiveTime value="{at}"/><value xsi:type="PQ" value="{value}" unit="{unit}"/>'
        f'<interpretationCode code="{reading}" codeSystem="2.16.840.1.113883.5.83"/><referenceRange><observationRange><value xsi:type="IVL_PQ">'
        f'<low value="{test["low"]}" unit="{unit}"/><high value="{test["high"]}" unit="{unit}"/></value></observationRange></referenceRange></observation></component>'
    )


def tiny_pdf(text: str) -> bytes:
    """A one-page PDF with one line of text."""
    drawing = f"BT /F1 12 Tf 40 780 Td ({text}) Tj ET".encode("ascii")
    objects: list[Any] = [
        b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(drawing), drawing),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]  # fmt: skip
    out, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj%s endobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return out + b"xref\n0 6\n0000000000 65535 f \n" + table + b"trailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % len(out)
