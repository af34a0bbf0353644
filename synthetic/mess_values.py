# ruff: noqa: E501 - a table of cases reads better with one case a line
"""Group C of the catalogue: times and values that real systems write."""

import re
from collections.abc import Callable

from synthetic.documents import REPORT, VACCINATION
from synthetic.mess_documents import Case, Subject, accepted, refused

QUANTITY = re.compile(r'<value xsi:type="PQ" value="([^"]*)" unit="([^"]*)"/>')
HEADER = re.compile(r'<effectiveTime value="(\d{14})([+-]\d{4})"/>')
OBSERVED = re.compile(r'(<effectiveTime value=")(\d{14})([+-]\d{4})("/>\s*<value xsi)')  # not that of the panel
REFERENCE = re.compile(r'<low value="([^"]*)" unit="([^"]*)"/><high value="([^"]*)" unit="([^"]*)"/>')
CODED = re.compile(  # of a result, not of the document
    r'<code code="([\d-]+)" displayName="([^"]*)" codeSystem="2\.16\.840\.1\.113883\.6\.1"/>(?=\s*<statusCode)'
)
ICD = re.compile(r'code="([A-Z]\d\d[.\d]*)" codeSystem="2\.16\.840\.1\.113883\.6\.3"')
Change = Callable[[str], str]


def found(pattern: re.Pattern[str], new: str | Callable[[re.Match[str]], str]) -> Change:
    """The first thing that a pattern finds, written anew."""

    def change(text: str) -> str:
        made, count = pattern.subn(new if callable(new) else lambda match: match.expand(new), text, count=1)
        if not count:
            raise KeyError(pattern.pattern)
        return made

    return change


def made_at(told: str) -> Change:
    """The document's own time; ``{}`` is the local time without zone, ``{n}`` its first n digits."""

    def new(match: re.Match[str]) -> str:
        cut = re.sub(r"\{(\d+)\}", lambda part: match[1][: int(part[1])], told)
        return f'<effectiveTime value="{cut.replace("{}", match[1])}"/>'

    return found(HEADER, new)


def value(told: str) -> Change:
    """The first quantity; ``{}`` is its number."""
    return found(QUANTITY, lambda match: told.replace("{}", match[1]).replace("{unit}", match[2]))


def quantity(number: str, unit: str = "{unit}") -> Change:
    """The first quantity with another number or unit."""
    return value(f'<value xsi:type="PQ" value="{number}" unit="{unit}"/>')


def told_twice(text: str) -> str:
    """A value that refers to a place of the narrative which two paragraphs bear."""
    text = text.replace("<text>", '<text><paragraph ID="deux">1</paragraph><paragraph ID="deux">2</paragraph>', 1)
    return value('<value xsi:type="ED"><reference value="#deux"/></value>')(text)


def has(pattern: re.Pattern[str], *types: str) -> Callable[[Subject], bool]:
    """Documents of some types in which the pattern finds something."""
    return lambda subject: (not types or subject.document.type_code in types) and bool(pattern.search(subject.text))


MEASURED = has(QUANTITY, REPORT)
RANGED = has(REFERENCE, REPORT)
DIAGNOSED = has(ICD)


def measured(code: str, change: Change, rule: str = "") -> Case:
    """A laboratory report with another first value; what the value is worth is for the reader's own tests."""
    return accepted(code, change, rule, fits=MEASURED, exact=False)


def ranged(code: str, told: str, rule: str = "") -> Case:
    """Another range of reference."""
    return accepted(code, found(REFERENCE, told), rule, fits=RANGED, exact=False)


def is_vaccination(subject: Subject) -> bool:
    """A note of one vaccination that took place."""
    return subject.document.type_code == VACCINATION and "negationInd" not in subject.text


CASES: tuple[Case, ...] = (
    accepted("C-01/three-digits", made_at("{}+100"), "DOC-102"),
    accepted("C-01/colon", made_at("{}+01:00")),
    accepted("C-01/z", made_at("{}Z")),
    accepted("C-01/none", made_at("{}")),
    accepted("C-02/year", made_at("{4}")),
    accepted("C-02/month", made_at("{6}")),
    accepted("C-02/day", made_at("{8}")),
    accepted("C-02/hour", made_at("{10}+0100")),
    accepted("C-03/fraction", made_at("{}.123+0100")),
    refused("C-03/nonsense", "DOC-014", made_at("01/01/01")),
    refused("C-03/negative", "DOC-014", made_at("-{8}")),
    accepted("C-03/future", made_at("20991231120000+0100"), "DOC-111"),
    refused("C-03/never", "DOC-014", made_at("99991231")),
    measured("C-04/gap", found(OBSERVED, r"\g<1>20260329023000\4"), "DOC-207"),
    measured("C-04/twice", found(OBSERVED, r"\g<1>20261025023000\4"), "DOC-207"),
    ranged("C-05/inverted", r'<low value="900" unit="\2"/><high value="\3" unit="\4"/>', "DOC-110"),
    ranged("C-05/null", r'<low nullFlavor="NINF"/><high value="\3" unit="\4"/>'),
    measured("C-06/comma", found(QUANTITY, lambda m: m[0].replace(m[1], m[1].replace(".", ",")))),
    measured("C-06/below", quantity("&lt;0.5")),
    measured("C-06/above", quantity("&gt;1000")),
    measured("C-06/zero", quantity("1.950")),
    measured("C-06/thousands", quantity("1\u202f234.5")),
    measured("C-06/nan", quantity("NaN"), "DOC-109"),
    measured("C-07/word", quantity("{}", "mUI/l"), "DOC-101"),
    measured("C-07/edqm", quantity("{}", "30015500"), "DOC-101"),
    measured("C-07/case", quantity("{}", "MG/DL"), "DOC-101"),
    measured("C-08/code", value('<value xsi:type="CD" code="260373001" codeSystem="2.16.840.1.113883.6.96"/>')),
    measured("C-08/none", value("")),
    measured("C-08/untyped", value('<value value="{}" unit="{unit}"/>')),
    measured("C-08/null", value('<value xsi:type="PQ" nullFlavor="NAV"/>')),
    measured("C-08/interval", value('<value xsi:type="IVL_PQ"><low value="{}" unit="{unit}"/></value>')),
    accepted("C-08/negated", found(re.compile('classCode="SBADM" moodCode="EVN"'), r'\g<0> negationInd="true"'), "DOC-205",
             fits=is_vaccination, exact=False),
    measured("C-09/translation", found(CODED, r'<code nullFlavor="UNK"><translation code="LOC\1" displayName="\2" codeSystem="2.25.71"/></code>'), "DOC-103"),
    measured("C-09/text", found(CODED, r'<code nullFlavor="UNK"><originalText>\2</originalText></code>'), "DOC-103"),
    measured("C-10/blank", found(CODED, r'<code code=" \1 " displayName="\2" codeSystem="2.16.840.1.113883.6.1"/>')),
    measured("C-10/arc", found(CODED, r'<code code="\1" displayName="\2" codeSystem="2.16.840.1.113883.6.1" codeSystemName=" TA_ASIP "/>')),
    accepted("C-10/lower", found(ICD, lambda m: m[0].replace(m[1], m[1].lower())), fits=DIAGNOSED, exact=False),
    accepted("C-10/undotted", found(ICD, lambda m: m[0].replace(m[1], m[1].replace(".", ""))), fits=DIAGNOSED, exact=False),
    measured("C-11/nowhere", value('<value xsi:type="ED"><reference value="#nulle-part"/></value>'), "DOC-204"),
    measured("C-11/twice", told_twice, "DOC-204"),
    measured("C-11/of-code", found(CODED, r'<code code="\1" codeSystem="2.16.840.1.113883.6.1"><originalText><reference value="#nulle-part"/></originalText></code>')),
    measured("C-12/masked", value('<value xsi:type="PQ" nullFlavor="MSK"/>')),
    measured("C-12/unknown", value('<value xsi:type="PQ" nullFlavor="UNK"/>')),
)  # fmt: skip
