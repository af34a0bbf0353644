"""Whatever stands inside of a structured body, a document is read: entries in any order, depth and emptiness."""

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from jobs.standardise.shared_record.elements import later, read_interval
from jobs.standardise.shared_record.facts import FACTS
from jobs.standardise.shared_record.sections import SECTIONS
from tests.cda_made import element, read
from tests.documents_made import LOINC

TAGS = (
    "act", "observation", "organizer", "component", "entryRelationship", "substanceAdministration", "supply",
    "procedure", "code", "value", "translation", "effectiveTime", "low", "high", "width", "period", "statusCode",
    "participant",
    "participantRole", "playingEntity", "consumable", "product", "manufacturedProduct", "manufacturedMaterial",
    "doseQuantity", "quantity", "repeatNumber", "routeCode", "referenceRange", "observationRange", "reference",
    "section",
)  # fmt: skip
WORDS = st.sampled_from(
    ("", " ", "718-7", LOINC, "SEV", "33999-4", "30973-2", "MFST", "RSON", "REFR", "EVN", "INT", "true", "UNK", "MSK",
     "PQ", "CD", "ED", "ST", "IVL_PQ", "PIVL_TS", "SXPR_TS", "20261103", "99999999", "1e9", "d", "#x", "é\u00a0"),
)  # fmt: skip
ATTRIBUTES = st.dictionaries(
    st.sampled_from(
        ("code", "codeSystem", "value", "unit", "nullFlavor", "negationInd", "moodCode", "typeCode", "xsi:type")
    ),
    WORDS,
    max_size=4,
)
TREES = st.recursive(
    st.builds(element, st.sampled_from(TAGS), ATTRIBUTES, st.just("")),
    lambda inner: st.builds(element, st.sampled_from(TAGS), ATTRIBUTES, st.lists(inner, max_size=4).map("".join)),
    max_leaves=25,
)


@settings(max_examples=300, deadline=None)
@given(code=st.sampled_from(sorted(SECTIONS)), trees=st.lists(TREES, min_size=1, max_size=4))
def test_any_entries_are_read_into_fields_of_text(code: str, trees: list[str]) -> None:
    entries = "".join(f"<entry>{tree}</entry>" for tree in trees)
    found = read(f'<component><section><code code="{code}" codeSystem="{LOINC}"/>{entries}</section></component>')
    for name, fields in FACTS.items():
        for fact in found[name]:
            assert set(fact) == set(fields)
            assert all(value is None or (isinstance(value, str) and value == value.strip()) for value in fact.values())


@given(start=st.text(max_size=20), length=st.text(max_size=6), unit=st.sampled_from(("d", "wk", "h", "")))
def test_a_length_never_makes_a_day_that_is_none(start: str, length: str, unit: str) -> None:
    width = etree.Element("width")
    try:
        width.set("value", length)
    except ValueError:
        return  # no XML can hold it
    width.set("unit", unit)
    made = later(start, width)
    assert made is None or (len(made) == 8 and made.isdigit() and made >= start[:8])
    assert read_interval(None) == (None, None)
