"""From sections to facts: one walk over a structured body. A section's code says what its entries are."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from lxml import etree

from jobs.standardise.shared_record.conditions import read_allergy, read_problem, read_procedure
from jobs.standardise.shared_record.elements import CODE, code_of, mood, system_of
from jobs.standardise.shared_record.facts import FACTS
from jobs.standardise.shared_record.medication import (
    ACT,
    ADMINISTRATION,
    OBSERVATION,
    ORDER,
    SUPPLY,
    read_dispensation,
    read_prescription,
    read_vaccination,
)
from jobs.standardise.shared_record.oids import COPY_SECTION, HL7, LABORATORY_DOCUMENTS, LOINC, path
from jobs.standardise.shared_record.results import measures, read_observation, reference_of

Row = dict[str, Any]
COMPONENT, SECTION, ENTRY, ORGANIZER, RELATED, PROCEDURE = (
    HL7 + name for name in ("component", "section", "entry", "organizer", "entryRelationship", "procedure")
)
SECTIONS = {  # LOINC code of a section -> (list of facts, kind of fact)
    "30954-2": ("results", ""),
    "8716-3": ("vital_signs", ""),
    "11369-6": ("vaccinations", ""),
    "87273-9": ("vaccinations", ""),
    "10160-0": ("prescriptions", ""),
    "57828-6": ("prescriptions", ""),
    "57833-6": ("prescriptions", ""),
    "60590-7": ("dispensations", ""),
    "60593-1": ("dispensations", ""),
    "11450-4": ("problems", "problem"),
    "11348-0": ("problems", "history"),
    "48765-2": ("allergies", ""),
    "47519-4": ("procedures", ""),
}
EVENT: tuple[str, ...] = ("EVN",)
WRAPPED = (ACT, ORGANIZER, COMPONENT, RELATED)  # what a statement may be wrapped in
# list -> what its entries are, what they may be wrapped in
STATEMENTS = {
    "vaccinations": ((ADMINISTRATION,), WRAPPED),
    "prescriptions": ((ADMINISTRATION, SUPPLY), WRAPPED),
    "dispensations": ((SUPPLY,), WRAPPED),
    "problems": ((OBSERVATION,), WRAPPED),
    "allergies": ((OBSERVATION,), WRAPPED),
    "procedures": ((PROCEDURE, ACT, OBSERVATION), (ORGANIZER, COMPONENT)),
}
READERS = {
    "vaccinations": read_vaccination,
    "prescriptions": read_prescription,
    "dispensations": read_dispensation,
    "procedures": read_procedure,
}
PLANNED, UNRESOLVED = "DOC-206", "DOC-204"
IDENTIFIERS = etree.XPath("//@ID")


class Reading:
    """The facts of one document as they are found, and what is told of it."""

    def __init__(self) -> None:
        self.facts: dict[str, list[Row]] = {name: [] for name in FACTS}
        self.warnings: set[str] = set()
        self.references: list[str] = []
        self.copy: etree._Element | None = None

    def sections(self, components: list[etree._Element], inherited: tuple[str, str] | None) -> None:
        """The sections of some components, at any depth; an unknown one is of the kind of the one around it."""
        for component in components:
            for section in component:
                if section.tag == SECTION:
                    self.section(section, inherited)

    def section(self, section: etree._Element, inherited: tuple[str, str] | None) -> None:
        """One section, its children walked once: its code may stand anywhere among them."""
        code, entries, components = None, [], []
        for child in section:
            if child.tag == ENTRY:
                entries.append(child)
            elif child.tag == COMPONENT:
                components.append(child)
            elif child.tag == CODE and system_of(child) in (LOINC, None):
                code = code_of(child)
        if code == COPY_SECTION and self.copy is None:
            self.copy = section
        kind = SECTIONS.get(code or "") or inherited
        if kind is not None:
            for entry in entries:
                self.entry(entry, *kind)
        if components:
            self.sections(components, kind)

    def entry(self, entry: etree._Element, name: str, kind: str) -> None:
        """One entry of a section."""
        if name in ("results", "vital_signs"):
            self.measured(entry, name)
            return
        for element, concern in statements(entry, *STATEMENTS[name]):
            if mood(element) not in moods_of(name, element.tag):
                self.warnings.add(PLANNED)
                continue
            row = read(name, element, concern, kind)
            if row is not None:
                self.facts[name].append(row)

    def measured(self, entry: etree._Element, name: str) -> None:
        """The observations of an entry."""
        for element, time in measures(entry):
            if mood(element) not in EVENT:
                self.warnings.add(PLANNED)
                continue
            row = read_observation(element, time)
            self.facts[name].append(row)
            if row["value_type"] in ("ED", "ST"):
                target = reference_of(element)
                if target:
                    self.references.append(target)


def read_facts(document: etree._Element, type_code: str | None) -> Reading:
    """Lists of FACTS in document order, fields as text; warning codes; the section that holds a copy as a file.

    All sections of a laboratory document hold results unless they say otherwise.
    """
    reading = Reading()
    body = document.find(path("component", "structuredBody"))
    if body is not None:
        reading.sections(list(body), SECTIONS["30954-2"] if type_code in LABORATORY_DOCUMENTS else None)
    if reading.references:
        named = Counter(str(one) for one in IDENTIFIERS(document))
        if any(named[target] != 1 for target in reading.references):
            reading.warnings.add(UNRESOLVED)
    return reading


def statements(
    element: etree._Element, wanted: tuple[str, ...], wraps: tuple[str, ...], concern: etree._Element | None = None
) -> Iterator[tuple[etree._Element, etree._Element | None]]:
    """(statement, act around it) below an entry. What a statement is itself related to is not looked into."""
    for child in element:
        if child.tag in wanted:
            yield child, concern
        elif child.tag in wraps and not (child.tag == RELATED and child.get("typeCode") == "REFR"):
            yield from statements(child, wanted, wraps, child if child.tag == ACT else concern)


def moods_of(name: str, tag: str) -> tuple[str, ...]:
    """What counts: events; of prescriptions what is ordered, and treatments that are going on."""
    if name != "prescriptions":
        return EVENT
    return ORDER if tag == SUPPLY else EVENT + ORDER


def read(name: str, element: etree._Element, concern: etree._Element | None, kind: str) -> Row | None:
    """One fact of a list; None when the statement is about nothing."""
    if name == "problems":
        return read_problem(element, concern, kind)
    if name == "allergies":
        return read_allergy(element, concern)
    return READERS[name](element)
