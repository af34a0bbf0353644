"""Vaccinations, prescriptions and dispensed products."""

from decimal import Decimal
from typing import Any

from jobs.standardise.shared_record.elements import Code
from jobs.standardise.shared_record.facts import DISPENSATION, PRESCRIPTION, VACCINATION
from jobs.standardise.shared_record.fhir.codes import amount, concept, foreign, safe, status_of
from jobs.standardise.shared_record.fhir.nodes import Node, first_of
from jobs.standardise.shared_record.products import product_codes

Row = dict[str, Any]
IN_HOURS = {"d": 24, "wk": 168}
NOT_ORDERED = ("proposal", "option")


def pair(values: Row, name: str, code: Code) -> None:
    """A code and its system under ``<name>_code`` and ``<name>_system``."""
    values[f"{name}_code"], values[f"{name}_system"] = code.code, code.system


def quantity(values: Row, name: str, node: Node | None) -> None:
    """A quantity under ``<name>_value`` and ``<name>_unit``."""
    values[f"{name}_value"], values[f"{name}_unit"] = amount(node)


def true(*said: bool | None) -> str | None:
    """``true`` when one of some flags is, as facts write it."""
    return "true" if any(said) else None


def read_immunization(node: Node, warnings: list[str]) -> list[Row]:
    """One vaccination, given or (negated) not given."""
    values: Row = dict.fromkeys(VACCINATION)
    code = concept(node.node("vaccineCode"))
    values |= product_codes(code.pairs) | {"null_flavor": code.null_flavor}
    values["time"] = node.time("occurrenceDateTime")
    values["status"] = status_of(node, "Immunization", warnings)
    values["negated"] = true(node.text("status") == "not-done")
    quantity(values, "dose", node.node("doseQuantity"))
    pair(values, "route", concept(node.node("route")))
    reason = concept(node.node("statusReason") if values["negated"] else node.first("reasonCode"))
    pair(values, "reason", reason)
    protocol = node.first("protocolApplied")
    if protocol:
        pair(values, "disease", concept(protocol.first("targetDisease")))
        number = protocol.value.get("doseNumberPositiveInt") is not None
        values["dose_number"] = (
            protocol.number("doseNumberPositiveInt") if number else safe(protocol.text("doseNumberString"))
        )
    warnings += foreign(code)
    return [values]


def medication_code(node: Node) -> tuple[Code, str | None]:
    """The product of an order or supply, and the Medication line that tells it when it is not told here."""
    reference = node.reference("medicationReference")
    if reference and reference.startswith("#"):
        contained = next((one for one in node.nodes("contained") if f"#{one.text('id')}" == reference), None)
        return concept(contained.node("code") if contained else None), None
    return concept(node.node("medicationCodeableConcept")), reference


def read_request(node: Node, warnings: list[str]) -> list[Row]:
    """One prescribed treatment; a mere proposal is none."""
    if node.text("intent") in NOT_ORDERED:
        return []
    values: Row = dict.fromkeys(PRESCRIPTION)
    code, _ = medication_code(node)
    values |= product_codes(code.pairs) | {"null_flavor": code.null_flavor}
    values["status"] = status_of(node, "MedicationRequest", warnings)
    values["negated"] = true(node.flag("doNotPerform"))
    read_dosage(values, node.first("dosageInstruction"))
    supply = node.node("dispenseRequest")
    if supply:
        quantity(values, "quantity", supply.node("quantity"))
        values["repeats"] = supply.number("numberOfRepeatsAllowed")
        validity = supply.node("validityPeriod")
        if validity and not values["start"]:
            values["start"], values["end"] = validity.time("start"), validity.time("end")
    values["start"] = values["start"] or node.time("authoredOn")
    warnings += foreign(code)
    return [values]


def read_dosage(values: Row, dosage: Node | None) -> None:
    """How much, how often, how long, by which route: of the first instruction."""
    if dosage is None:
        return
    pair(values, "route", concept(dosage.node("route")))
    timing = dosage.node("timing")
    repeat = timing.node("repeat") if timing else None
    if repeat:
        values["every_value"], values["every_unit"] = every(repeat)
        bounds = repeat.node("boundsPeriod")
        if bounds:
            values["start"], values["end"] = bounds.time("start"), bounds.time("end")
    dose = dosage.first("doseAndRate")
    limits = dose.node("doseRange") if dose else None
    quantity(values, "dose", dose.node("doseQuantity") if dose and limits is None else None)
    if limits:
        low, high = limits.node("low"), limits.node("high")
        quantity(values, "dose", low or high)
        values["dose_high"] = amount(high)[0] if low else None


def every(repeat: Node) -> tuple[str | None, str | None]:
    """The time between two doses: three a day is every 8 hours. What no hour fits keeps its unit, in six decimals."""
    period, unit, frequency = repeat.number("period"), safe(repeat.text("periodUnit")), repeat.number("frequency")
    if period is None or frequency is None or Decimal(frequency) <= 1:
        return period, unit if period else None
    hours = Decimal(period) * IN_HOURS.get(unit or "", 0) / Decimal(frequency)
    if hours and hours == hours.to_integral_value():
        return str(int(hours)), "h"
    return str(round(Decimal(period) / Decimal(frequency), 6)), unit


def read_dispense(node: Node, warnings: list[str]) -> list[Row]:
    """One product handed out."""
    values: Row = dict.fromkeys(DISPENSATION)
    code, _ = medication_code(node)
    values |= product_codes(code.pairs) | {"null_flavor": code.null_flavor}
    values["time"] = first_of((node.time("whenHandedOver"), node.time("whenPrepared")))
    values["status"] = status_of(node, "MedicationDispense", warnings)
    values["negated"] = true(node.text("status") == "declined")
    quantity(values, "quantity", node.node("quantity"))
    substitution = node.node("substitution")
    if substitution:
        values["substituted"] = "true" if substitution.flag("wasSubstituted") else "false"
    warnings += foreign(code)
    return [values]
