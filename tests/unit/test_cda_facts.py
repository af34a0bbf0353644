# ruff: noqa: E501 - markup reads better unbroken
"""Facts of structured documents: tiny sections in, what is read of them out. Ids are those of the catalogue of mess."""

import pytest

from jobs.standardise.documents import parse_document
from jobs.standardise.shared_record.cda import read_document
from jobs.standardise.shared_record.facts import FACTS
from tests.cda_made import (
    ATC,
    CCAM,
    CIP,
    CIS,
    ICD10,
    PHARM,
    SNOMED,
    administration,
    concern,
    facts,
    lasting,
    product,
    read,
    related,
    said,
    section,
    warnings,
)
from tests.documents_made import LOINC, document, observation

FLU = product(
    "65087364",
    more=f'<translation code="3400930212820" codeSystem="{CIP}"/><translation code="J07BB02" codeSystem="{ATC}"/>',
)
VACCINES, TREATMENTS, PROBLEMS, ALLERGIES, PROCEDURES = "11369-6", "10160-0", "11450-4", "48765-2", "47519-4"


def vaccine(inner: str = "", more: str = "", mood: str = "EVN", what: str = FLU) -> str:
    return administration(f'<statusCode code="completed"/><effectiveTime value="20261015"/>{what}{inner}', mood, more)


def test_a_vaccination_has_its_french_codes_wherever_they_stand() -> None:
    rank = related(
        f'<observation moodCode="EVN"><code code="30973-2" codeSystem="{LOINC}"/><value xsi:type="INT" value="2"/></observation>'
    )
    disease = related(said("6142004"), "RSON")
    dose = '<routeCode code="IM" codeSystem="2.16.840.1.113883.5.112"/><doseQuantity value="0.5" unit="mL"/>'
    assert facts(section(VACCINES, vaccine(dose + rank + disease))) == {
        "vaccinations": [
            {
                "time": "20261015", "status": "completed", "product_code": "65087364", "product_system": CIS,
                "cis": "65087364", "cip13": "3400930212820", "atc": "J07BB02", "dose_value": "0.5", "dose_unit": "mL",
                "route_code": "IM", "route_system": "2.16.840.1.113883.5.112", "dose_number": "2",
                "disease_code": "6142004", "disease_system": SNOMED,
            }
        ]
    }  # fmt: skip


def test_codes_in_pharm_extensions_count_but_not_those_of_ingredients() -> None:
    box = f'<pharm:asContent {PHARM}><pharm:containerPackagedMedicine><pharm:code code="3400930212820" codeSystem="{CIP}"/></pharm:containerPackagedMedicine></pharm:asContent>'
    kind = f'<pharm:asSpecializedKind {PHARM}><pharm:generalizedMaterialKind><pharm:code code="J07BB02" codeSystem="{ATC}"/></pharm:generalizedMaterialKind></pharm:asSpecializedKind>'
    part = f'<pharm:ingredient {PHARM}><pharm:ingredient><pharm:code code="A01AA01" codeSystem="{ATC}"/></pharm:ingredient></pharm:ingredient>'
    (found,) = facts(section("87273-9", vaccine(what=product("65087364", more=f"|{part}{box}{kind}"))))["vaccinations"]
    assert (found["cis"], found["cip13"], found["atc"]) == ("65087364", "3400930212820", "J07BB02")


def test_c_08_a_negated_vaccination_is_marked_with_its_reason() -> None:
    objection = related(
        '<observation moodCode="EVN"><code code="PATOBJ" codeSystem="2.16.840.1.113883.5.8"/></observation>', "RSON"
    )
    (found,) = facts(section(VACCINES, vaccine(objection, ' negationInd="true"')))["vaccinations"]
    assert (found["negated"], found["reason_code"], found["cis"]) == ("true", "PATOBJ", "65087364")


@pytest.mark.parametrize("mood", ["INT", "RQO", "PRP", "GOL", "APT"])
def test_what_is_only_planned_is_no_event_and_is_told(mood: str) -> None:
    planned = f'<procedure moodCode="{mood}"><code code="DZQM006" codeSystem="{CCAM}"/></procedure>'
    sections = section(VACCINES, vaccine(mood=mood)), section(PROCEDURES, planned)
    assert facts(*sections) == {}
    assert warnings(*sections) == ["DOC-206"]


def test_a_prescription_has_dose_rhythm_length_quantity_and_repeats() -> None:
    rhythm = '<effectiveTime xsi:type="PIVL_TS" operator="A"><period value="8" unit="h"/></effectiveTime>'
    supply = related(
        '<supply moodCode="RQO"><repeatNumber value="2"/><quantity value="3" unit="{boîte}"/></supply>', "COMP"
    )
    when = lasting("20261103", more='<width value="10" unit="d"/>')
    dose = '<doseQuantity><low value="1" unit="{tbl}"/><high value="2" unit="{tbl}"/></doseQuantity>'
    entry = administration(when + rhythm + dose + product("60234100") + supply, "INT")
    (found,) = facts(section("57828-6", entry))["prescriptions"]
    assert found == {
        "start": "20261103", "end": "20261113", "every_value": "8", "every_unit": "h", "dose_value": "1",
        "dose_high": "2", "dose_unit": "{tbl}", "product_code": "60234100", "product_system": CIS, "cis": "60234100",
        "quantity_value": "3", "quantity_unit": "{boîte}", "repeats": "2",
    }  # fmt: skip


def test_treatments_going_on_and_ordered_supplies_are_prescriptions_proposals_are_not() -> None:
    supply = f'<supply moodCode="RQO"><quantity value="1"/>{product("60234100", tag="product")}</supply>'
    entries = administration(FLU, "EVN"), supply, administration(FLU, "PRP"), supply.replace("RQO", "EVN")
    assert [one["cis"] for one in facts(section(TREATMENTS, *entries))["prescriptions"]] == ["65087364", "60234100"]
    assert warnings(section(TREATMENTS, *entries)) == ["DOC-206"]


def test_what_was_handed_out_inside_of_a_treatment_is_not_what_was_ordered() -> None:
    supply = '<supply moodCode="{}"><quantity value="{}"/></supply>'
    inner = "".join(related(supply.format(*one), "REFR") for one in (("EVN", 9), ("RQO", 3), ("RQO", 4)))
    (found,) = facts(section(TREATMENTS, administration(FLU + inner)))["prescriptions"]
    assert found["quantity_value"] == "3"


def test_steps_of_a_dose_are_not_lines_of_their_own() -> None:
    step = related(administration('<doseQuantity value="2"/>' + product(), "INT"), "COMP")
    assert len(facts(section("57833-6", administration(FLU + step, "INT")))["prescriptions"]) == 1


@pytest.mark.parametrize(("code", "told"), [("G", "true"), ("N", "false")])
def test_a_dispensation_tells_quantity_and_substitution(code: str, told: str) -> None:
    act = related(f'<act><code code="{code}" codeSystem="2.16.840.1.113883.5.1070"/></act>', "COMP")
    box = product("3400935955838", CIP, tag="product")
    entry = f'<supply moodCode="EVN"><statusCode code="completed"/><effectiveTime value="20261103"/><quantity value="2"/>{box}{act}</supply>'
    (found,) = facts(section("60590-7", entry))["dispensations"]
    assert found == {
        "time": "20261103", "status": "completed", "product_code": "3400935955838", "product_system": CIP,
        "cip13": "3400935955838", "quantity_value": "2", "substituted": told,
    }  # fmt: skip


def test_c_09_a_problem_has_its_cim_10_code_among_the_translations() -> None:
    value = f'<value xsi:type="CD" code="59621000" codeSystem="{SNOMED}"><translation code="I10" codeSystem="{ICD10}"/><translation code="I10.9" codeSystem="2.16.840.1.113883.6.90"/></value>'
    entry = concern(said("", inner=lasting("2019", "") + value))
    assert facts(section(PROBLEMS, entry)) == {
        "problems": [
            {
                "kind": "problem",
                "start": "2019",
                "code": "59621000",
                "code_system": SNOMED,
                "icd10": "I10",
                "status": "active",
            }
        ]
    }
    (history,) = facts(section("11348-0", entry))["problems"]
    assert history["kind"] == "history"


def test_the_american_modification_is_not_cim_10() -> None:
    value = '<value xsi:type="CD" code="J45.998" codeSystem="2.16.840.1.113883.6.90"/>'
    (found,) = facts(section(PROBLEMS, concern(said("", inner=value))))["problems"]
    assert found["code"] == "J45.998" and "icd10" not in found


def test_c_09_a_fact_told_by_translation_or_in_words_only_is_kept() -> None:
    words = '<value xsi:type="CD" nullFlavor="OTH"><originalText>M. PATIENTE a mal</originalText></value>'
    other = f'<value xsi:type="CD" nullFlavor="OTH"><translation code="R52" codeSystem="{ICD10}"/></value>'
    found = facts(section(PROBLEMS, said("", inner=words), said("", inner=other)))["problems"]
    assert found == [
        {"kind": "problem", "null_flavor": "OTH"},
        {"kind": "problem", "code": "R52", "code_system": ICD10, "icd10": "R52", "null_flavor": "OTH"},
    ]


def test_c_12_masked_is_not_unknown_and_no_information_is_no_fact() -> None:
    entries = [said("", inner=f'<value xsi:type="CD" nullFlavor="{flavor}"/>') for flavor in ("MSK", "UNK", "NI", "NA")]
    assert [one["null_flavor"] for one in facts(section(PROBLEMS, *entries))["problems"]] == ["MSK", "UNK"]


@pytest.mark.parametrize("where", ["observation", "concern"])
def test_c_08_negation_of_a_problem_or_of_its_concern(where: str) -> None:
    no = ' negationInd="true"'
    entry = concern(said("55607006", more=no if where == "observation" else ""), more=no if where == "concern" else "")
    assert facts(section(PROBLEMS, entry))["problems"][0]["negated"] == "true"


def test_a_status_observation_tells_more_than_the_concern() -> None:
    inactive = related(said("73425007", "33999-4"), "REFR")
    (found,) = facts(section(PROBLEMS, concern(said("55607006", inner=inactive), "completed")))["problems"]
    assert found["status"] == "inactive"


PENICILLIN = '<participant typeCode="CSM"><participantRole><playingEntity><code code="7980" codeSystem="2.16.840.1.113883.6.88"/><name>penicillin</name></playingEntity></participantRole></participant>'


def test_an_allergy_has_agent_reactions_severity_and_criticality() -> None:
    severe = related(said("371924009", "SEV"))
    inner = (
        PENICILLIN
        + related(said("73879007", inner=severe), "MFST")
        + related(said("247472004"), "MFST")
        + related(said("CRITH", "82606-5", system="2.16.840.1.113883.5.1063"))
        + lasting("20070501")
    )
    assert facts(section(ALLERGIES, concern(said("419511003", inner=inner)))) == {
        "allergies": [
            {
                "kind_code": "419511003", "kind_system": SNOMED, "start": "20070501", "agent_code": "7980",
                "agent_system": "2.16.840.1.113883.6.88", "reaction_code": "73879007;247472004",
                "reaction_system": SNOMED, "severity": "371924009", "criticality": "CRITH", "status": "active",
            }
        ]
    }  # fmt: skip


def test_an_allergy_of_the_french_template_tells_its_kind_in_the_code() -> None:
    code = f'<observation><code code="DALG" codeSystem="2.16.840.1.113883.5.4"/><value xsi:type="CD" code="373270004" codeSystem="{SNOMED}"/></observation>'
    (found,) = facts(section(ALLERGIES, concern(code)))["allergies"]
    assert (found["kind_code"], found["agent_code"]) == ("DALG", "373270004")


@pytest.mark.parametrize("tag", ["procedure", "act", "observation"])
def test_a_procedure_is_any_of_three_statements(tag: str) -> None:
    inner = f'<code code="80146002" codeSystem="{SNOMED}"><translation code="HHFA016" codeSystem="{CCAM}"/></code><statusCode code="completed"/>{lasting("201410", "20141002")}<targetSiteCode code="66754008" codeSystem="{SNOMED}"/>'
    assert facts(section(PROCEDURES, f'<{tag} moodCode="EVN">{inner}</{tag}>')) == {
        "procedures": [
            {
                "start": "201410", "end": "20141002", "code": "80146002", "code_system": SNOMED, "ccam": "HHFA016",
                "status": "completed", "site_code": "66754008", "site_system": SNOMED,
            }
        ]
    }  # fmt: skip


def test_f_11_sections_without_code_unknown_and_nested_three_deep() -> None:
    entry = concern(said("55607006"))
    deep = section(PROBLEMS, entry, inside=section("", entry, inside=section("99999-9", entry)))
    assert len(facts(section("10164-2", inside=section("", inside=deep)))["problems"]) == 3
    assert facts(section("", entry), section("99999-9", entry), "<component><section/></component>") == {}
    assert len(facts(section("10164-2", entry, inside=section(ALLERGIES, concern(said("1")))))["allergies"]) == 1


def test_a_section_of_another_code_system_is_not_known() -> None:
    assert (
        facts(
            section(PROBLEMS, concern(said("55607006"))).replace(
                f'codeSystem="{LOINC}"/><title', 'codeSystem="2.25.1"/><title'
            )
        )
        == {}
    )


SIGN = f'<observation moodCode="EVN"><code code="8480-6" codeSystem="{LOINC}"/><value xsi:type="PQ" value="132" unit="mm[Hg]"/></observation>'


def test_vital_signs_of_a_panel_take_its_time() -> None:
    panel = f'<organizer><statusCode code="completed"/><effectiveTime value="20261103"/><component>{SIGN}</component></organizer>'
    assert facts(section("8716-3", panel)) == {
        "vital_signs": [
            {
                "time": "20261103", "code": "8480-6", "code_system": LOINC, "code_kind": "loinc", "value_type": "PQ",
                "value_number": "132", "unit": "mm[Hg]",
            }
        ]
    }  # fmt: skip


def test_a_laboratory_report_may_hold_vital_signs_too() -> None:
    found = facts(section("18719-5", SIGN), section("8716-3", SIGN), code="11502-2")
    assert {name: len(rows) for name, rows in found.items()} == {"results": 1, "vital_signs": 1}


VALUES = {
    "PQ": ('<value xsi:type="PQ" value="1.950" unit="g/L"/>', {"value_number": "1.950", "unit": "g/L"}),
    "C-06 decimal comma": ('<value xsi:type="PQ" value="1,5" unit="g/L"/>', {"value_number": "1,5", "unit": "g/L"}),
    "C-06 comparator": ('<value xsi:type="PQ" value="&gt;1000"/>', {"value_number": "1000", "value_comparator": ">"}),
    "C-06 comparator in text": ('<value xsi:type="ST">&lt; 0,5</value>', {"value_number": "0,5", "value_comparator": "<"}),
    "C-06 not a number": ('<value xsi:type="REAL" value="NaN"/>', {"value_number": "NaN"}),
    "C-07 EDQM code as unit": ('<value xsi:type="PQ" value="1" unit="30009000"/>', {"value_number": "1", "unit": "30009000"}),
    "C-08 CD": (f'<value xsi:type="CD" code="260373001" codeSystem="{SNOMED}"/>', {"value_code": "260373001", "value_system": SNOMED}),
    "C-08 CO": ('<value xsi:type="CO" code="2" codeSystem="2.25.1"/>', {"value_code": "2", "value_system": "2.25.1"}),
    "C-08 BL": ('<value xsi:type="BL" value="true"/>', {"value_code": "true"}),
    "C-08 INT": ('<value xsi:type="INT" value="12"/>', {"value_number": "12"}),
    "C-08 TS": ('<value xsi:type="TS" value="20261103"/>', {"value_code": "20261103"}),
    "C-08 IVL_PQ above": ('<value xsi:type="IVL_PQ"><low value="5" unit="mL" inclusive="false"/></value>', {"value_number": "5", "value_comparator": ">", "unit": "mL"}),
    "C-08 IVL_PQ of two ends": ('<value xsi:type="IVL_PQ"><low value="5"/><high value="9"/></value>', {}),
    "C-08 ST": ('<value xsi:type="ST">chez M. PATIENTE</value>', {}),
    "C-08 ED": ('<value xsi:type="ED">chez M. PATIENTE</value>', {}),
    "C-09 translation only": ('<value xsi:type="CD" nullFlavor="OTH"><translation code="X1" codeSystem="2.25.9"/></value>', {"value_code": "X1", "value_system": "2.25.9", "null_flavor": "OTH"}),
    "C-12 masked": ('<value xsi:type="PQ" nullFlavor="MSK"/>', {"null_flavor": "MSK"}),
    "C-12 unknown": ('<value xsi:type="PQ" nullFlavor="UNK"/>', {"null_flavor": "UNK"}),
}  # fmt: skip


@pytest.mark.parametrize("name", VALUES)
def test_values_by_their_type(name: str) -> None:
    value, expected = VALUES[name]
    (found,) = made(value)
    kept = ("value_number", "value_comparator", "value_code", "value_system", "unit", "null_flavor")
    assert {field: found[field] for field in kept if found[field] is not None} == expected


def made(value: str) -> list[dict[str, str]]:
    """The results of a laboratory report with one value."""
    text = observation(value).removeprefix("<component>").removesuffix("</component>")
    return list(read(section("18719-5", text), code="11502-2")["results"])


def test_c_08_absent_values_and_negated_observations_are_kept_apart() -> None:
    (absent,) = made("")
    assert absent["value_type"] is None and absent["code"] == "718-7"
    text = f'<observation negationInd="true"><code code="718-7" codeSystem="{LOINC}"/></observation>'
    assert facts(section("30954-2", text))["results"][0]["negated"] == "true"


@pytest.mark.parametrize("status", ["completed", "corrected", "amended", "aborted"])
def test_the_status_of_a_result_is_kept_as_sent(status: str) -> None:
    text = f'<organizer><component><organizer><component><observation><code code="718-7" codeSystem="{LOINC}"/><statusCode code="{status}"/></observation></component></organizer></component></organizer>'
    assert facts(section("30954-2", text))["results"][0]["status"] == status


def test_c_10_oids_and_codes_in_one_spelling() -> None:
    code = '<code code=" PSTRUCT " codeSystem="1.3.5.1.4.1.19376.1.5.3.2"/>'
    urn = f'<code code="718-7" codeSystem="urn:oid:{LOINC}"/>'
    found = facts(section("30954-2", f"<observation>{code}</observation>", f"<observation>{urn}</observation>"))[
        "results"
    ]
    assert [(one["code"], one["code_system"], one["code_kind"]) for one in found] == [
        ("PSTRUCT", "1.3.6.1.4.1.19376.1.5.3.2", "local"),
        ("718-7", LOINC, "loinc"),
    ]


@pytest.mark.parametrize(("place", "told"), [("r1", []), ("r2", ["DOC-204"]), ("r3", ["DOC-204"])])
def test_c_11_a_value_by_reference_to_a_place_that_is_missing_or_there_twice(place: str, told: list[str]) -> None:
    text = f'<observation><code code="718-7" codeSystem="{LOINC}"/><value xsi:type="ED"><reference value="#{place}"/></value></observation>'
    marks = '<p ID="r1"/><p ID="r3"/><p ID="r3"/>'
    assert warnings(section("30954-2", text).replace("texte libre", marks)) == told


def test_no_words_reach_a_fact() -> None:
    """F-06: names and numbers in code attributes, titles, narrative and display names."""
    bad = '<value xsi:type="CD" code="M. Jean PATIENTE né le 3" displayName="PATIENTE"/>'
    nir = '<value xsi:type="CD" code="279035199900187"/>'
    found = read(
        section(
            PROBLEMS,
            said("", inner=bad),
            said("", inner=nir),
            said("", inner=bad.replace("/>", "><originalText>PATIENTE</originalText></value>")),
        )
    )
    shown = str([value for name, value in found.items() if isinstance(value, list)])
    assert "PATIENTE" not in shown and "2790351999001" not in shown
    assert [one["code"] for one in found["problems"]] == [None, None, None]  # kept, without what may name somebody


def test_f_12_a_type_out_of_scope_is_told_and_its_content_not_read() -> None:
    found = read(section(PROBLEMS, concern(said("55607006"))), code="EXPORT_DUI")
    assert (found["problems"], found["warnings"], found["type_code"]) == ([], ["DOC-213"], "EXPORT_DUI")


def test_a_prefix_other_than_the_usual_one_changes_nothing() -> None:
    text = document(body=f"<structuredBody>{section(PROBLEMS, concern(said('55607006')))}</structuredBody>").partition(
        "\n"
    )[2]
    renamed = (
        text.replace("xmlns=", "xmlns:n1=").replace("</", "</n1:").replace("<", "<n1:").replace("<n1:/n1:", "</n1:")
    )
    assert len(read_document(parse_document(renamed.encode(), 10_000_000))["problems"]) == 1


def test_what_qualifies_a_fact_is_no_fact_beside_it() -> None:
    beside = related(said("371924009", "SEV")).join(("", "</act>"))
    entry = concern(said("419199007", inner=PENICILLIN)).replace("</act>", beside)
    assert [one["severity"] for one in facts(section(ALLERGIES, entry))["allergies"]] == ["371924009"]
    assert len(facts(section(PROBLEMS, entry))["problems"]) == 1


PROBLEM = section(PROBLEMS, said("55607006"))
SILENT = {
    "F-11 section of another namespace": PROBLEM.replace("<section>", '<section xmlns="urn:x">'),
    "F-11 all of another namespace": PROBLEM.replace("<component>", '<component xmlns="urn:hl7-org:v2">'),
    "F-11 empty section": section(PROBLEMS),
    "F-11 section that nobody knows": section("LOCAL1", said("55607006")),
    "F-11 entries of a template that nobody knows": section(PROBLEMS, "<entry><encounter/></entry>"),
}


@pytest.mark.parametrize("name", SILENT)
def test_what_tells_no_fact_is_a_structured_document_with_empty_lists(name: str) -> None:
    """DOC-216 is told of it where lists are typed (tests/spec/test_cda_typing.py)."""
    found = read(SILENT[name])
    assert found["level"] == 3 and not any(found[one] for one in FACTS)
