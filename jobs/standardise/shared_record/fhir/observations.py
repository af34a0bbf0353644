"""Observations: laboratory results and vital signs. Free text is not carried, its type is."""

from typing import Any

from jobs.standardise.shared_record.elements import of_system
from jobs.standardise.shared_record.facts import MEASURE
from jobs.standardise.shared_record.fhir.codes import absent, amount, concept, foreign, status_of
from jobs.standardise.shared_record.fhir.nodes import Node, first_of
from jobs.standardise.shared_record.oids import LOINC
from jobs.standardise.shared_record.results import compared_text

KINDS = {"laboratory": "results", "vital-signs": "vital_signs"}
WORDS = {  # a category that is told in words alone
    "laboratory": "results",
    "laboratoire": "results",
    "biologie": "results",
    "vital signs": "vital_signs",
    "signes vitaux": "vital_signs",
}
OTHER_CATEGORY = "FHR-051"
TYPES = {  # element -> type of the value in CDA
    "valueQuantity": "PQ",
    "valueInteger": "INT",
    "valueCodeableConcept": "CD",
    "valueString": "ST",
    "valueBoolean": "BL",
    "valueRange": "IVL_PQ",
    "valueRatio": "RTO",
    "valueDateTime": "TS",
    "valueTime": "TS",
    "valuePeriod": "IVL_TS",
    "valueSampledData": "SLIST_PQ",
}
COMPARING = ("<", "<=", ">", ">=")


def kind_of(node: Node) -> str | None:
    """The list an observation belongs to by its categories, by code before words; None for any other category.

    Without any category it is taken for a result.
    """
    sent = node.nodes("category")
    found = [KINDS[code] for item in sent for code, _ in concept(item).pairs if code in KINDS]
    words = [word for item in sent if not concept(item).pairs for word in words_of(item)]
    found += [WORDS[word] for word in words if word in WORDS]
    other = words or any(concept(item).pairs for item in sent)
    return found[0] if found else None if other else "results"


def words_of(concept: Node) -> list[str]:
    """What a concept says in words, spelt in one way; they are compared and never kept."""
    said = [concept.text("text"), *[coding.text("display") for coding in concept.nodes("coding")]]
    return [word.casefold().replace("-", " ") for word in said if word]


def read_observation(node: Node, warnings: list[str]) -> list[dict[str, Any]]:
    """Fields of MEASURE: one row for the observation's own value, one for each component; none for a mere panel."""
    time = first_of((node.time("effectiveDateTime"), start(node), node.time("effectiveInstant")))
    common = {"time": time, "status": status_of(node, "Observation", warnings)}
    components = node.nodes("component")
    holders = [node] if says(node) or not (components or node.nodes("hasMember")) else []
    return [measure(one, warnings) | common for one in holders + components]


def start(node: Node) -> str | None:
    """The start of the time an observation is about, else its end."""
    period = node.node("effectivePeriod")
    return first_of((period.time("start"), period.time("end"))) if period else None


def says(node: Node) -> bool:
    """Whether an observation has a value of its own, or a reason why not."""
    return any(node.value.get(name) is not None for name in (*TYPES, "dataAbsentReason"))


def measure(node: Node, warnings: list[str]) -> dict[str, Any]:
    """One measured thing."""
    values: dict[str, Any] = dict.fromkeys(MEASURE)
    code = concept(node.node("code"))
    loinc = of_system(code, LOINC)
    if loinc:
        values |= {"code": loinc, "code_system": LOINC, "code_kind": "loinc"}
    else:
        values |= {"code": code.code, "code_system": code.system, "code_kind": "local" if code.code else "missing"}
    values |= value_of(node)
    values["interpretation"] = concept(node.first("interpretation")).code
    limits = node.first("referenceRange")
    for name in ("low", "high"):
        values[f"reference_{name}"] = amount(limits.node(name))[0] if limits else None
    reason = concept(node.node("dataAbsentReason"))
    values["null_flavor"] = reason.null_flavor or values["null_flavor"]
    warnings += foreign(code)
    return values


def value_of(node: Node) -> dict[str, Any]:
    """A value by its type."""
    name = next((one for one in TYPES if node.value.get(one) is not None), None)
    if name is None:
        return {}
    values: dict[str, Any] = {"value_type": TYPES[name]}
    if name == "valueQuantity":
        quantity = node.node(name)
        values["value_number"], values["unit"] = amount(quantity)
        sent = quantity.text("comparator") if quantity else None
        values["value_comparator"] = sent if sent in COMPARING else None  # any other text may name somebody
        values["null_flavor"] = absent(quantity) or absent(quantity, "value")
    elif name == "valueInteger":
        values["value_number"] = node.number(name)
    elif name == "valueCodeableConcept":
        coded = concept(node.node(name))
        values |= {"value_code": coded.code, "value_system": coded.system, "null_flavor": coded.null_flavor}
    elif name == "valueBoolean":
        values["value_code"] = "true" if node.flag(name) else "false"
    elif name == "valueString":
        values |= compared_text(node.text(name))
    elif name == "valueRange":
        values |= one_ended(node.node(name))
    return values


def one_ended(limits: Node | None) -> dict[str, Any]:
    """A range with one end is a comparison; one with two ends has no single number."""
    ends = [(limits.node("low"), ">="), (limits.node("high"), "<=")] if limits else []
    known = [(*amount(end), sign) for end, sign in ends if amount(end)[0]]
    if len(known) != 1:
        return {}
    return dict(zip(("value_number", "unit", "value_comparator"), known[0], strict=True))
