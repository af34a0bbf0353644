# ruff: noqa: E501 - markup reads better unbroken
"""Small clinical documents and packages for tests. All identities are invented: commune 999 does not exist."""

import hashlib
import io
import zipfile
from collections.abc import Iterable
from xml.sax.saxutils import quoteattr

from jobs.identifiers.nir import python_expected_key

INS_OID = "1.2.250.1.213.1.4.8"
LOINC = "2.16.840.1.113883.6.1"
NAMESPACES = 'xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'


def ins(thirteen: str = "2790351999001") -> str:
    """An invented number with its key."""
    return f"{thirteen}{python_expected_key(thirteen):02d}"


PATIENT = {
    "ids": f'<id root="{INS_OID}" extension="{ins()}"/><id root="2.25.80" extension="IPP-1"/>',
    "family": "PATIENTE",
    "given": "ALIX",
    "birth": "19790328",
    "gender": "F",
}


def local(number: str, root: str = "2.25.80") -> str:
    """A producer's own number."""
    return f'<id root="{root}" extension="{number}"/>'


def patient(**changed: str) -> str:
    """A recordTarget; keywords replace parts of PATIENT."""
    who = PATIENT | changed
    return (
        f"<recordTarget><patientRole>{who['ids']}"
        f'<telecom value="mailto:{ins()}@patient.mssante.fr"/><patient><name><family qualifier="BR">{who["family"]}</family>'
        f'<given>{who["given"]} MARIE</given><given qualifier="BR">{who["given"]}</given></name>'
        f'<administrativeGenderCode code="{who["gender"]}"/><birthTime value="{who["birth"]}"/>'
        "<birthplace><place><addr><county>51999</county></addr></place></birthplace></patient></patientRole></recordTarget>"
    )


def document(
    unique: str = "2.25.1",
    *,
    when: str = "20261103101500+0100",
    who: str | None = None,
    set_id: str = "",
    version: int | None = None,
    replaces: str = "",
    code: str = "11490-0",
    body: str = '<nonXMLBody><text mediaType="text/plain">note</text></nonXMLBody>',
) -> str:
    """One document."""
    parts = [
        f'<id root="{unique}"/><code code="{code}" codeSystem="{LOINC}"/><title>Compte rendu</title>',
        f'<effectiveTime value="{when}"/><confidentialityCode code="N"/>',
        f'<setId root="{set_id}"/>' if set_id else "",
        f'<versionNumber value="{version}"/>' if version is not None else "",
        patient() if who is None else who,
        '<author><assignedAuthor><code code="G15_10/SM26"/><assignedPerson><name>MÉDECIN</name></assignedPerson></assignedAuthor></author>',
        f'<relatedDocument typeCode="RPLC"><parentDocument><id root="{replaces}"/></parentDocument></relatedDocument>'
        if replaces
        else "",
        f"<component>{body}</component>",
    ]
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<ClinicalDocument {NAMESPACES}>{"".join(parts)}</ClinicalDocument>'


def laboratory(observations: str) -> str:
    """The body of a laboratory report: observations in an organizer nested in another."""
    return (
        f'<structuredBody><component><section><code code="18719-5" codeSystem="{LOINC}"/><entry><act><code code="18719-5"/>'
        '<entryRelationship typeCode="COMP"><organizer><component><organizer>'
        f"{observations}</organizer></component></organizer></entryRelationship></act></entry></section></component></structuredBody>"
    )


def observation(value: str, code: str = f'<code code="718-7" codeSystem="{LOINC}"/>', more: str = "") -> str:
    """One observation inside an organizer."""
    return (
        f'<component><observation classCode="OBS" moodCode="EVN">{code}<statusCode code="completed"/>'
        f'<effectiveTime value="20261102080000+0100"/>{value}{more}</observation></component>'
    )


def metadata(members: Iterable[tuple[str, bytes, dict[str, str]]]) -> bytes:
    """METADATA.XML of some documents: name, bytes, and what to say of it instead of the truth."""
    objects = []
    for name, data, said in members:
        slots = {"URI": name, "size": str(len(data)), "hash": hashlib.sha1(data).hexdigest().upper()} | said
        external = {key: slots.pop(key) for key in ("uniqueId", "patientId") if key in slots}
        text = "".join(
            f"<rim:Slot name={quoteattr(key)}><rim:ValueList><rim:Value>{value}</rim:Value></rim:ValueList></rim:Slot>"
            for key, value in slots.items()
        )
        schemes = {
            "uniqueId": "urn:uuid:urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab",
            "patientId": "urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427",
        }
        text += "".join(
            f"<rim:ExternalIdentifier identificationScheme={quoteattr(schemes[key])} value={quoteattr(value)}/>"
            for key, value in external.items()
        )
        objects.append(f'<rim:ExtrinsicObject id="urn:uuid:urn:uuid:1">{text}</rim:ExtrinsicObject>')
    rim = 'xmlns:rim="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0" xmlns:lcm="urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0"'
    return f" <lcm:SubmitObjectsRequest {rim}>{''.join(objects)}</lcm:SubmitObjectsRequest>".encode()


def archive(members: dict[str, bytes]) -> bytes:
    """A zip in memory."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in members.items():
            target.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def package(*texts: str, said: dict[str, str] | None = None, extra: dict[str, bytes] | None = None) -> bytes:
    """An IHE_XDM package of some documents."""
    named = [(f"DOC{rank:04d}.XML", text.encode()) for rank, text in enumerate(texts, start=1)]
    folder = "IHE_XDM/SUBSET01/"
    members = {"INDEX.HTM": b"<html/>", f"{folder}METADATA.XML": metadata((n, d, said or {}) for n, d in named)}
    return archive(members | {f"{folder}{name}": data for name, data in named} | (extra or {}))
