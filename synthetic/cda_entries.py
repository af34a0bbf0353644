"""Facts as entries of CDA sections, in the templates of the French interoperability framework."""

import base64
from collections.abc import Callable
from functools import cache

from synthetic.clinical import ATC, CIP, CIS, Fact, lab_tests, label, rows
from synthetic.document_facts import Facts
from synthetic.pdf import tiny_pdf
from synthetic.templates import Markup, attributes, fill, text

NOTHING = Markup("")
# kinds of fact in the order of the document: section, template, title
SECTIONS = {
    "problems": ("11450-4", "1.3.6.1.4.1.19376.1.5.3.1.3.6", "Problèmes actifs"),
    "history": ("11348-0", "1.3.6.1.4.1.19376.1.5.3.1.3.8", "Antécédents médicaux"),
    "procedures": ("47519-4", "1.3.6.1.4.1.19376.1.5.3.1.3.12", "Actes et interventions"),
    "allergies": ("48765-2", "1.3.6.1.4.1.19376.1.5.3.1.3.13", "Allergies et intolérances"),
    "treatments": ("10160-0", "1.3.6.1.4.1.19376.1.5.3.1.3.19", "Traitements au long cours"),
    "prescriptions": ("57828-6", "1.3.6.1.4.1.19376.1.9.1.2.1", "Prescription de médicaments"),
    "dispensations": ("60590-7", "1.3.6.1.4.1.19376.1.9.1.2.3", "Dispensation de médicaments"),
    "vaccinations": ("11369-6", "1.3.6.1.4.1.19376.1.5.3.1.3.23", "Vaccinations"),
    "vital_signs": ("8716-3", "1.3.6.1.4.1.19376.1.5.3.1.3.25", "Signes vitaux"),
    "results": ("30954-2", "1.3.6.1.4.1.19376.1.5.3.1.3.28", "Résultats d'examens"),
}
ACTIVITY = {"active": "55561003", "resolved": "413322009"}
LABORATORY = ("18719-5", "1.3.6.1.4.1.19376.1.3.3.2.1", "Biochimie")


def body(facts: Facts, *, laboratory: bool, ident: int, narrative: str, copy: str = "") -> Markup:
    """A structured body: one section for each kind of fact, its narrative naming the patient as real ones do."""
    split = dict(facts)
    split["history"] = [one for one in facts.get("problems", []) if one["kind"] == "history"]
    split["problems"] = [one for one in facts.get("problems", []) if one["kind"] != "history"]
    parts = [
        section(kind, split[kind], LABORATORY if laboratory and kind == "results" else place, ident, narrative)
        for kind, place in SECTIONS.items()
        if split.get(kind)
    ]
    if not parts:  # nothing is known: one section says so to its reader and has no entry
        parts = [section("vaccinations", [], SECTIONS["vaccinations"], ident, narrative)]
    parts += [fill("copy", content=base64.b64encode(tiny_pdf(copy)).decode())] if copy else []
    return Markup(f"    <structuredBody>\n{''.join(parts)}    </structuredBody>\n")


def section(kind: str, facts: list[Fact], place: tuple[str, str, str], ident: int, narrative: str) -> Markup:
    """One section with its table for the human reader."""
    code, template, title = place
    lines = Markup("".join(f"<tr><td>{name_of(one)}</td><td>{shown(one)}</td></tr>" for one in facts))
    return fill(
        "section",
        template=template,
        code=code,
        title=title,
        narrative=narrative,
        rows=lines,
        entries=GROUPED[kind](facts) if kind in GROUPED else Markup("".join(entries(kind, facts, ident))),
    )


def entries(kind: str, facts: list[Fact], ident: int) -> list[Markup]:
    """One entry for each fact, with an identifier of its own."""
    return [ENTRIES[kind](one, 50_000_000_000_000 + ident * 100 + rank) for rank, one in enumerate(facts)]


@cache
def names() -> dict[str, str]:
    """French names of tests by code."""
    known = {row["code"]: row["name"] for row in (*lab_tests(), *rows("vital_signs"))}
    return known | {row["agent"]: row["name"] for row in rows("allergies")} | {"94558-4": "Antigène SARS-CoV-2"}


def name_of(fact: Fact) -> Markup:
    """What a reader sees first."""
    known = label(fact.get("cip13", "")) or names().get(fact.get("code") or fact.get("agent_code", ""), "")
    return text(known or fact.get("code", "Rien à signaler"))


def shown(fact: Fact) -> Markup:
    """The value as printed: with a comma and a unit of daily speech, which are not those of the coded entry."""
    number = fact.get("value_number", "").replace(".", ",")
    printed = f"{fact.get('value_comparator', '')}{number} {fact.get('unit', '').replace('m[IU]', 'mUI')}".strip()
    return text(printed or fact.get("quantity_value", ""))


def value(fact: Fact) -> Markup:
    """The value element: a quantity, an interval with one end, or a code."""
    kind = fact["value_type"]
    if kind == "CD":
        return Markup(f'<value xsi:type="CD" {attributes(code=fact["value_code"], codeSystem=fact["value_system"])}/>')
    told = attributes(value=fact["value_number"], unit=fact["unit"])
    if kind == "IVL_PQ":
        return Markup(f'<value xsi:type="IVL_PQ"><high {told} inclusive="false"/></value>')
    return Markup(f'<value xsi:type="PQ" {told}/>')


def measured(fact: Fact) -> Markup:
    """One observation, with reading and range of reference where there are any."""
    reading = NOTHING
    if "reference_low" in fact:
        told = {"reading": fact["interpretation"], "low": fact["reference_low"], "high": fact["reference_high"]}
        reading = fill("range", unit=fact["unit"], **told)
    name = names().get(fact["code"], "")
    return fill("measured", code=fact["code"], name=name, at=fact["time"], value=value(fact), reading=reading)


def chapter(facts: list[Fact]) -> Markup:
    """Laboratory results in one organizer of one act."""
    return fill("chapter", at=facts[0]["time"], observations=Markup("".join(map(measured, facts))))


def cluster(facts: list[Fact]) -> Markup:
    """Vital signs in one organizer."""
    return fill("cluster", at=facts[0]["time"], observations=Markup("".join(map(measured, facts))))


def material(fact: Fact) -> Markup:
    """A product: the code that was sent first, the others as its translations."""
    pairs = [(fact.get("cis"), CIS), (fact.get("cip13"), CIP), (fact.get("atc"), ATC)]
    others = [pair for pair in pairs if pair[0] and pair != (fact["product_code"], fact["product_system"])]
    told = "".join(f"<translation {attributes(code=code, codeSystem=system)}/>" for code, system in others if code)
    lot = f"<lotNumberText>LOT{fact['cip13'][-4:]}</lotNumberText>" if "disease_code" in fact else ""
    return fill(
        "material",
        code=Markup(attributes(code=fact["product_code"], codeSystem=fact["product_system"])),
        translations=Markup(told),
        name=label(fact["cip13"]),
        lot=Markup(lot),
    )


def prescribed(fact: Fact, ident: int, mood: str = "INT") -> Markup:
    """One line of a prescription."""
    end = f'<high value="{fact["end"]}"/>' if "end" in fact else ""
    repeats = f'<repeatNumber value="{fact["repeats"]}"/>' if "repeats" in fact else ""
    return fill(
        "prescribed",
        ident=ident,
        mood=mood,
        start=fact["start"],
        end=Markup(end),
        every=fact["every_value"],
        every_unit=fact["every_unit"],
        repeats=Markup(repeats),
        route=fact["route_code"],
        dose=fact["dose_value"],
        dose_unit=fact["dose_unit"],
        material=material(fact),
        boxes=fact["quantity_value"],
        box=fact["quantity_unit"],
    )


def handed(fact: Fact, ident: int) -> Markup:
    """One line of a dispensation."""
    told = fill("substitution", code="G" if fact["substituted"] == "true" else "N")
    amounts = {"boxes": fact["quantity_value"], "box": fact["quantity_unit"]}
    return fill("handed", ident=ident, at=fact["time"], material=material(fact), substitution=told, **amounts)


def vaccinated(fact: Fact, ident: int) -> Markup:
    """One vaccination, or one that did not take place and why."""
    refused = "negated" in fact
    dose = "" if refused else f"<doseQuantity {attributes(value=fact['dose_value'], unit=fact['dose_unit'])}/>"
    about, of = ("PATOBJ", fact.get("reason_system", "")) if refused else ("64572001", "2.16.840.1.113883.6.96")
    why = "reason" if refused else "disease"
    return fill(
        "vaccinated",
        ident=ident,
        negated=Markup(' negationInd="true"' if refused else ""),
        at=fact["time"],
        route=fact["route_code"],
        dose=Markup(dose),
        material=material(fact),
        number=NOTHING if refused else fill("dose_number", number=fact["dose_number"]),
        about=about,
        about_system=of,
        why=fact[f"{why}_code"],
        why_system=fact[f"{why}_system"],
    )


def problem(fact: Fact, ident: int) -> Markup:
    """One diagnosis inside its concern."""
    end = f'<high value="{fact["end"]}"/>' if "end" in fact else ""
    severity = fill("severity", code=fact["severity"]) if "severity" in fact else NOTHING
    told = {"code": fact["code"], "system": fact["code_system"], "name": f"Diagnostic {fact['code']}"}
    kind = "282291009" if fact["kind"] == "problem" else "64572001"
    told |= {"type": kind, "start": fact["start"]}
    return fill("problem", ident=ident, end=Markup(end), severity=severity, state=state(fact), **told)


def state(fact: Fact) -> Markup:
    """Whether it still is so."""
    return fill("state", code=ACTIVITY[fact["status"]])


def allergy(fact: Fact, ident: int) -> Markup:
    """One allergy, or that there is none."""
    reaction = NOTHING
    if "reaction_code" in fact:
        told = {"code": fact["reaction_code"], "criticality": fact["criticality"]}
        reaction = fill("reaction", severity=fill("severity", code=fact["severity"]), **told)
    return fill(
        "allergy",
        ident=ident,
        low=Markup(f'<low value="{fact["start"]}"/>' if "start" in fact else '<low nullFlavor="UNK"/>'),
        negated=fact.get("negated", "false"),
        kind=fact["kind_code"],
        agent=fact["agent_code"],
        name=names().get(fact["agent_code"], "Aucune allergie connue"),
        reaction=reaction,
        state=state(fact),
    )


def procedure(fact: Fact, ident: int) -> Markup:
    """One act."""
    return fill("procedure", ident=ident, code=fact["code"], start=fact["start"])


GROUPED: dict[str, Callable[[list[Fact]], Markup]] = {"results": chapter, "vital_signs": cluster}
ENTRIES: dict[str, Callable[[Fact, int], Markup]] = {
    "problems": problem,
    "history": problem,
    "procedures": procedure,
    "allergies": allergy,
    "treatments": lambda fact, ident: prescribed(fact, ident, "EVN"),
    "prescriptions": prescribed,
    "dispensations": handed,
    "vaccinations": vaccinated,
}
