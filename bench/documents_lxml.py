"""What one core does with the same documents without this project: lxml alone, and lxml with plain XPath.

``bare`` is ``etree.fromstring`` and nothing else. ``observed`` also takes the header and every observation as text by
compiled paths, as the published figure did that the aim is set against. CPU seconds of parsing, not of reading files.
"""

import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

from lxml import etree

HL7 = {"h": "urn:hl7-org:v3"}
HEADER = [
    etree.XPath(path, namespaces=HL7)
    for path in (
        "string(/h:ClinicalDocument/h:id/@root)",
        "string(/h:ClinicalDocument/h:code/@code)",
        "string(/h:ClinicalDocument/h:effectiveTime/@value)",
        "string(/h:ClinicalDocument/h:setId/@root)",
        "string(/h:ClinicalDocument/h:versionNumber/@value)",
        "/h:ClinicalDocument/h:recordTarget/h:patientRole/h:id/@extension",
        "string(/h:ClinicalDocument/h:recordTarget/h:patientRole/h:patient/h:name/h:family)",
        "string(/h:ClinicalDocument/h:recordTarget/h:patientRole/h:patient/h:birthTime/@value)",
    )
]
OBSERVATIONS = etree.XPath("//h:observation", namespaces=HL7)
FIELDS = [
    etree.XPath(path, namespaces=HL7)
    for path in (
        "string(h:code/@code)",
        "string(h:code/@codeSystem)",
        "string(h:effectiveTime/@value)",
        "string(h:value/@value)",
        "string(h:value/@unit)",
        "string(h:value/@code)",
    )
]


class Rates(NamedTuple):
    """Documents a second on one core."""

    bare: float
    observed: float


def observed(content: bytes) -> int:
    """Header and every observation of a document as text; how many observations there are."""
    tree = etree.fromstring(content)
    header = [read(tree) for read in HEADER]
    found = [[read(one) for read in FIELDS] for one in OBSERVATIONS(tree)]
    return len(found) if header else 0


def rates(contents: Iterable[bytes]) -> Rates:
    """Both rates over the same documents, one after the other."""
    spent, count = [0.0, 0.0], 0
    readers: tuple[Callable[[bytes], object], ...] = (etree.fromstring, observed)
    for content in contents:
        count += 1
        for place, read in enumerate(readers):
            began = time.process_time()
            read(content)
            spent[place] += time.process_time() - began
    return Rates(*(count / seconds for seconds in spent))
