"""Problems, allergies and procedures."""

from typing import Any

from jobs.standardise.shared_record.elements import Code, of_system
from jobs.standardise.shared_record.facts import ALLERGY, PROBLEM, PROCEDURE
from jobs.standardise.shared_record.fhir.codes import concept, foreign, safe, status_of
from jobs.standardise.shared_record.fhir.medication import pair, true
from jobs.standardise.shared_record.fhir.nodes import Node, first_of
from jobs.standardise.shared_record.fhir.systems import (
    ACT_CODE,
    ALLERGY_KINDS,
    CLINICAL,
    CRITICALITY,
    SEVERITY,
)
from jobs.standardise.shared_record.oids import CCAM, ICD10

Row = dict[str, Any]
HISTORY_SECTION = "11348-0"  # LOINC: history of illness


def interval(node: Node, name: str) -> tuple[str | None, str | None]:
    """(start, end) told by ``<name>DateTime`` or ``<name>Period``."""
    period = node.node(f"{name}Period")
    if period:
        return period.time("start"), period.time("end")
    return node.time(f"{name}DateTime"), None


def clinical_status(node: Node) -> str | None:
    """Active, inactive or resolved; a code that is not FHIR's is kept."""
    code = concept(node.node("clinicalStatus")).code
    return CLINICAL.get(code, code) if code else None


def is_refuted(node: Node) -> bool:
    """Whether it is said not to be so."""
    return "refuted" in [code for code, _ in concept(node.node("verificationStatus")).pairs]


def read_condition(node: Node, warnings: list[str]) -> list[Row]:
    """One problem; of the history when its category says so."""
    values: Row = dict.fromkeys(PROBLEM)
    code = concept(node.node("code"))
    sent = [code_sent for item in node.nodes("category") for code_sent, _ in concept(item).pairs]
    values |= {"kind": "history" if HISTORY_SECTION in sent else "problem", "code": code.code}
    values |= {"code_system": code.system, "icd10": of_system(code, ICD10), "null_flavor": code.null_flavor}
    values["start"] = interval(node, "onset")[0]
    abatement = interval(node, "abatement")
    values["end"] = abatement[1] or abatement[0]
    values["status"] = clinical_status(node)
    values["negated"] = true(is_refuted(node))
    values["severity"] = concept(node.node("severity")).code
    warnings += foreign(code)
    return [values]


def read_allergy(node: Node, warnings: list[str]) -> list[Row]:
    """One allergy or intolerance; several manifestations are joined by ``;``."""
    values: Row = dict.fromkeys(ALLERGY)
    agent = concept(node.node("code"))
    reactions = node.nodes("reaction")
    if not agent.told and reactions:
        agent = concept(reactions[0].node("substance"))
    values["kind_code"], values["kind_system"] = allergy_kind(node), ACT_CODE
    pair(values, "agent", agent)
    values["null_flavor"] = agent.null_flavor
    values["start"] = interval(node, "onset")[0]
    values["status"] = clinical_status(node)
    values["negated"] = true(is_refuted(node))
    shown = [found for one in reactions for found in manifestations(one)]
    if shown:
        values["reaction_code"] = ";".join(dict.fromkeys(one.code for one in shown if one.code))
        values["reaction_system"] = shown[0].system
    severity = first_of(one.text("severity") for one in reactions)
    values["severity"] = SEVERITY.get(severity or "", safe(severity))
    criticality = node.text("criticality")
    values["criticality"] = CRITICALITY.get(criticality or "", safe(criticality))
    warnings += foreign(agent, *shown)
    return [values]


def manifestations(reaction: Node) -> list[Code]:
    """The coded signs of a reaction."""
    return [found for item in reaction.nodes("manifestation") if (found := concept(item)).code]


def allergy_kind(node: Node) -> str:
    """HL7's code of an allergy or, when it is not said to be one, intolerance, by what it is to."""
    allergic = node.text("type") == "allergy"
    category = next(iter(node.texts("category")), "")
    return ALLERGY_KINDS.get((allergic, category), "ALG" if allergic else "OINT")


def read_procedure(node: Node, warnings: list[str]) -> list[Row]:
    """One procedure, done or (negated) not done."""
    values: Row = dict.fromkeys(PROCEDURE)
    code = concept(node.node("code"))
    values |= {
        "code": code.code,
        "code_system": code.system,
        "ccam": of_system(code, CCAM),
        "null_flavor": code.null_flavor,
    }
    values["start"], values["end"] = interval(node, "performed")
    values["status"] = status_of(node, "Procedure", warnings)
    values["negated"] = true(node.text("status") == "not-done")
    pair(values, "site", concept(node.first("bodySite")))
    warnings += foreign(code)
    return [values]
