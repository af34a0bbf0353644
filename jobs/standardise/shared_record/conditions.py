"""Problems, allergies and procedures: one entry of a section, as text."""

from collections.abc import Iterator
from typing import Any

from lxml import etree

from jobs.standardise.shared_record.elements import (
    CODE,
    EFFECTIVE_TIME,
    STATUS,
    VALUE,
    Code,
    Kids,
    children,
    code_of,
    coded,
    first,
    negated,
    of_system,
    read_interval,
    status_of,
)
from jobs.standardise.shared_record.facts import ALLERGY, PROBLEM, PROCEDURE
from jobs.standardise.shared_record.medication import OBSERVATION, pair, related
from jobs.standardise.shared_record.oids import CCAM, HL7, ICD10

Row = dict[str, Any]
TARGET_SITE = HL7 + "targetSiteCode"
PARTICIPANT = HL7 + "participant"
AGENT = tuple(HL7 + name for name in ("participantRole", "playingEntity", "code"))
SEVERITY, CRITICALITY, ASSERTION = "SEV", "82606-5", "ASSERTION"
# LOINC and HL7 codes of what qualifies a fact: status, certainty, rank, comment; never facts of their own
QUALIFIERS = (SEVERITY, CRITICALITY, "33999-4", "11323-3", "66455-7", "225773000", "48767-8")
NO_INFORMATION = (None, "NI", "NA")


def null_of(element: etree._Element, code: Code) -> str | None:
    """Why a fact's code is missing, as the entry or the code says; None when there is a code."""
    return code_of(element, "nullFlavor") or code.null_flavor


def nested_codes(element: etree._Element) -> Iterator[tuple[str | None, etree._Element, Kids, str | None]]:
    """(typeCode, observation, its children, its code) of the observations that qualify an observation."""
    for kind, observation in related(element, OBSERVATION):
        inside = children(observation)
        yield kind, observation, inside, code_of(inside.get(CODE))


def read_problem(element: etree._Element, concern: etree._Element | None, kind: str) -> Row | None:
    """One problem; the status of ``concern``, the act around it, stands when no status observation tells another."""
    kids = children(element)
    code = coded(kids.get(VALUE))
    null_flavor = null_of(element, code)
    if code_of(kids.get(CODE)) in QUALIFIERS:
        return None
    if not code.told and null_flavor in NO_INFORMATION:
        return None
    values: Row = dict.fromkeys(PROBLEM)
    values |= {"kind": kind, "code": code.code, "code_system": code.system, "icd10": of_system(code, ICD10)}
    values["start"], values["end"] = read_interval(kids.get(EFFECTIVE_TIME))
    values["null_flavor"] = null_flavor
    values["negated"] = negated(element) if concern is None else negated(element, concern)
    values["status"] = code_of(first(concern if concern is not None else element, STATUS))
    for _, observation, inside, about in nested_codes(element):
        values["status"] = status_of(observation) or values["status"]
        if about == SEVERITY:
            values["severity"] = coded(inside.get(VALUE)).code
    return values


def read_allergy(element: etree._Element, concern: etree._Element | None) -> Row | None:
    """One allergy or intolerance: what to, how it showed itself, how severe. Several reactions are joined by ``;``."""
    kids = children(element)
    kind, value = coded(kids.get(CODE)), coded(kids.get(VALUE))
    if kind.code in QUALIFIERS:
        return None
    agents = [coded(first(item, *AGENT)) for item in element.iterchildren(PARTICIPANT)]
    agent = next((one for one in agents if one.told), None)
    if kind.code == ASSERTION or kind.code is None:
        kind = value
    elif agent is None:
        agent = value  # the French template tells the kind in the code, and may tell the agent in the value
    null_flavor = null_of(element, agent or value)
    if not (agent or kind).told and not kind.told and null_flavor in NO_INFORMATION:
        return None
    values: Row = dict.fromkeys(ALLERGY)
    values["kind_code"], values["kind_system"] = kind.code, kind.system
    if agent is not None:
        values["agent_code"], values["agent_system"] = agent.code, agent.system
    values["start"] = read_interval(kids.get(EFFECTIVE_TIME))[0]
    values["null_flavor"] = None if agent is not None and agent.code else null_flavor
    values["negated"] = negated(element) if concern is None else negated(element, concern)
    values["status"] = code_of(first(concern if concern is not None else element, STATUS))
    reactions = []
    own = severity(element) or (severity(concern) if concern is not None else None)
    for how, observation, inside, about in nested_codes(element):
        values["status"] = status_of(observation) or values["status"]
        if how == "MFST":
            reactions.append(coded(inside.get(VALUE)))
            values["severity"] = values["severity"] or severity(observation)
        elif about == CRITICALITY:
            values["criticality"] = coded(inside.get(VALUE)).code
    values["severity"] = own or values["severity"]
    shown = [one for one in reactions if one.code]
    if shown:
        values["reaction_code"] = ";".join(dict.fromkeys(one.code for one in shown if one.code))
        values["reaction_system"] = shown[0].system
    return values


def severity(element: etree._Element) -> str | None:
    """The severity told of an allergy, its concern or its reaction."""
    found = (coded(inside.get(VALUE)).code for *_, inside, about in nested_codes(element) if about == SEVERITY)
    return next(found, None)


def read_procedure(element: etree._Element) -> Row | None:
    """One procedure that was done; of a planned one the caller does not ask."""
    kids = children(element)
    code = coded(kids.get(CODE))
    null_flavor = null_of(element, code)
    if not code.told and null_flavor in NO_INFORMATION:
        return None
    values: Row = dict.fromkeys(PROCEDURE)
    values |= {"code": code.code, "code_system": code.system, "ccam": of_system(code, CCAM)}
    values["start"], values["end"] = read_interval(kids.get(EFFECTIVE_TIME))
    values["null_flavor"] = null_flavor
    values["negated"] = negated(element)
    values["status"] = code_of(kids.get(STATUS))
    pair(values, "site", kids.get(TARGET_SITE))
    return values
