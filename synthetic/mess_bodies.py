# ruff: noqa: E501 - a table of cases reads better with one case a line
"""Group F of the catalogue: bodies, and identities where nobody expects them."""

import base64
import re
from collections.abc import Callable

from synthetic import cda
from synthetic.clinical import ICD10
from synthetic.documents import LETTER, REPORT
from synthetic.mess import ACCEPTED, QUARANTINED
from synthetic.mess_documents import Case, Planted, Subject, accepted, after, single, swap
from synthetic.pdf import tiny_pdf
from synthetic.people import NOBODY
from synthetic.xdm import archive, metadata, package

BODY = re.compile(r"<nonXMLBody>.*</nonXMLBody>", re.DOTALL)
CONTENT = re.compile(r'(representation="B64">)([^<]*)(</text>)')
RTF = base64.b64encode(rb"{\rtf1 Lettre}").decode()
DIGITS = str.maketrans("AB", "12")
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(64)).decode()
SCRIPTED = tiny_pdf("x").replace(
    b"<</Type/Catalog", b"<</Type/Catalog/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>"
)


def is_letter(subject: Subject) -> bool:
    """An unstructured document."""
    return subject.document.level == 1


def is_report(subject: Subject) -> bool:
    """A laboratory report."""
    return subject.document.type_code == REPORT


def with_body(code: str, body: str, rule: str = "") -> Case:
    """Another unstructured body."""
    return accepted(
        code, lambda text: BODY.sub(lambda _: f"<nonXMLBody>{body}</nonXMLBody>", text), rule, fits=is_letter
    )


def packed(code: str, change: Callable[[str], str], rule: str = "") -> Case:
    """Another spelling of the base64."""

    def new(text: str) -> str:
        return CONTENT.sub(lambda found: found[1] + change(found[2]) + found[3], text)

    return accepted(code, new, rule, fits=is_letter)


def large(code: str, size: int, outcome: str, rule: str = "") -> Case:
    """A PDF of that many characters of base64; made only when asked for."""

    def make(subject: Subject) -> list[Planted]:
        pdf = tiny_pdf("x")
        content = base64.b64encode(pdf + b"%" * (size * 3 // 4 - len(pdf))).decode()
        text = CONTENT.sub(lambda found: found[1] + content + found[3], subject.text)
        return [single(subject, f"{subject.name}.xml", text.encode(), outcome, rule)]

    return Case(code, outcome, rule, make, is_letter, heavy=True)


def of_subject(
    code: str, change: Callable[[Subject], str], fits: Callable[[Subject], bool] = lambda subject: True
) -> Case:
    """A case that must know the patient; the document is taken in."""

    def make(subject: Subject) -> list[Planted]:
        return [single(subject, f"{subject.name}.xml", change(subject).encode(), ACCEPTED)]

    return Case(code, ACCEPTED, "", make, fits)


def person(subject: Subject) -> str:
    """What a sentence says of somebody: name, number, birth date, telephone, address."""
    people, who = subject.world.people, subject.document.person
    return (
        f"{people.given[who, 0]} {people.birth_name[who]}, n° {subject.ins}, tél. 06 39 98 00 00, "
        f"3 rue de l'Invention 00999 Nulle-Part, {people.given[who, 0]}@exemple.invalid"
    )


def named_file(subject: Subject) -> list[Planted]:
    """A package called after the patient, whose README names them."""
    people, who = subject.world.people, subject.document.person
    folder = "IHE_XDM/SUBSET01/"
    enclosed = subject.enclosed()
    members = [
        ("README.TXT", person(subject).encode()),
        (f"{folder}METADATA.XML", metadata([enclosed])),
        (f"{folder}DOC0001.XML", enclosed.content),
    ]
    name = f"{people.birth_name[who]}_{people.given[who, 0]}_{subject.ins[:5]}.zip".replace(" ", "_").replace("'", "")
    return [single(subject, name, archive(members), ACCEPTED)]


def with_mother(subject: Subject) -> str:
    """The mother's number and name beside the child's."""
    people, mother = subject.world.people, int(subject.world.people.mother[subject.document.person])
    parent = (
        '<informant><relatedEntity classCode="PRS"><code code="MTH" codeSystem="2.16.840.1.113883.5.111"/>'
        f'<sdtc:id xmlns:sdtc="urn:hl7-org:sdtc" root="{cda.INS_OID}" extension="{cda.ins_of(people, mother)}"/>'
        f"<relatedPerson><name><family>{people.birth_name[mother]}</family></name></relatedPerson></relatedEntity>"
        "</informant>\n  <custodian>"
    )
    return swap("<custodian>", parent)(subject.text)


def has_mother(subject: Subject) -> bool:
    """A patient whose mother is known."""
    return bool(subject.world.people.mother[subject.document.person] != NOBODY)


def with_traits(subject: Subject) -> list[Planted]:
    """A package; its metadata name patient, author and institution."""
    return [single(subject, f"{subject.name}.zip", package([subject.enclosed()]), ACCEPTED)]


def looks_like_a_number(subject: Subject) -> str:
    """The number inside the base64 of a PDF, and digits alike inside the OID of a template."""
    content = base64.b64encode(tiny_pdf(subject.ins)).decode()
    text = CONTENT.sub(lambda found: found[1] + content + found[3], subject.text)
    return swap("<id root", f'<templateId root="2.25.{subject.ins.translate(DIGITS)}"/>\n  <id root')(text)


def rare(subject: Subject) -> str:
    """A disease that few have, with commune and exact date."""
    code = "E75.2"
    return re.sub(
        rf'code="[A-Z]\d\d[.\d]*" codeSystem="{re.escape(ICD10)}"',
        f'code="{code}" codeSystem="{ICD10}"',
        subject.text,
        count=1,
    )


def has_diagnosis(subject: Subject) -> bool:
    """A document with a CIM-10 code."""
    return subject.document.level == 3 and f'codeSystem="{ICD10}"' in subject.text


SECTION = "    <structuredBody>\n"
NESTED = "<component><section><component><section><component><section><title>Fond</title><text>x</text></section></component></section></component></section></component>"
CASES: tuple[Case, ...] = (
    with_body("F-01/plain", '<text mediaType="text/plain">Patient vu ce jour, va bien.</text>'),
    with_body("F-01/rtf", f'<text mediaType="text/rtf" representation="B64">{RTF}</text>'),
    with_body("F-01/reference", '<text mediaType="application/pdf"><reference value="lettre.pdf"/></text>'),
    packed("F-02/blanks", lambda text: " ".join(text[n : n + 60] for n in range(0, len(text), 60))),
    packed("F-02/lines", lambda text: "\n".join(text[n : n + 76] for n in range(0, len(text), 76))),
    packed("F-02/padding", lambda text: text.rstrip("=")),
    packed("F-02/url", lambda text: text.replace("+", "-").replace("/", "_")),
    packed("F-02/cut", lambda text: text.rstrip("=")[: len(text.rstrip("=")) // 4 * 4 - 3], "DOC-108"),
    with_body("F-03/jpeg", f'<text mediaType="image/jpeg" representation="B64">{PNG}</text>', "DOC-107"),
    with_body("F-03/script", f'<text mediaType="application/pdf" representation="B64">{base64.b64encode(SCRIPTED).decode()}</text>', "DOC-212"),
    with_body("F-03/xml", f'<text mediaType="application/xml" representation="B64">{base64.b64encode(b"<a><b/></a>").decode()}</text>', "DOC-211"),
    large("F-04/12", 12_000_000, ACCEPTED),
    large("F-04/60", 60_000_000, ACCEPTED),
    large("F-04/68", 68_000_000, QUARANTINED, "DOC-013"),
    of_subject("F-05", lambda s: swap('<telecom ', f'<telecom use="WP" value="mailto:{s.ins}@patient.mssante.fr"/>\n      <telecom ')(s.text)),
    of_subject("F-06/narrative", lambda s: after(s.text, "<text>", person(s)), lambda s: s.document.level == 3),
    of_subject("F-06/title", lambda s: after(s.text, "<title>", f"{person(s)} : ")),
    of_subject("F-06/comment", lambda s: swap("<typeId", f"<!-- {person(s)} --><typeId")(s.text)),
    of_subject("F-06/display", lambda s: re.sub(r'(<code code="[\d-]+" displayName=")', rf"\g<1>{person(s)} ", s.text, count=2), is_report),
    of_subject("F-06/original", lambda s: re.sub(r'(<code code="[\d-]+" displayName="[^"]*" codeSystem="2\.16\.840\.1\.113883\.6\.1")/>(\s*<statusCode)', rf"\1><originalText>{person(s)}</originalText></code>\2", s.text, count=1), is_report),
    Case("F-06/file", ACCEPTED, "", named_file, heavy=True),
    of_subject("F-07", with_mother, has_mother),
    Case("F-08", ACCEPTED, "", with_traits),
    of_subject("F-09", looks_like_a_number, is_letter),
    of_subject("F-10", rare, has_diagnosis),
    accepted("F-11/no-code", swap(SECTION, SECTION + "<component><section><title>Sans code</title><text>x</text></section></component>"), fits=is_report),
    accepted("F-11/no-text", swap(SECTION, SECTION + '<component><section><code code="10157-6" codeSystem="2.16.840.1.113883.6.1"/></section></component>'), fits=is_report),
    accepted("F-11/unknown", swap(SECTION, SECTION + '<component><section><code code="LOCAL1" codeSystem="2.25.71"/><text>x</text></section></component>'), fits=is_report),
    accepted("F-11/nested", swap(SECTION, SECTION + NESTED), fits=is_report),
    accepted("F-12/dui", swap(f'<code code="{LETTER}"', '<code code="EXPORT_DUI"'), "DOC-213", fits=lambda s: s.document.type_code == LETTER, exact=False),
    accepted("F-12/remb", swap(f'<code code="{LETTER}"', '<code code="REMB"'), "DOC-213", fits=lambda s: s.document.type_code == LETTER, exact=False),
)  # fmt: skip
