"""A CDA document that a resource carries as its body: the document, of which the resource is the registry's entry."""

from typing import Any

from jobs.standardise.documents import Refused, parse_document, sniff
from jobs.standardise.shared_record import cda
from jobs.standardise.shared_record.bodies import decoded, measure
from jobs.standardise.shared_record.facts import FACTS
from jobs.standardise.shared_record.fhir.columns import HEAD
from jobs.standardise.shared_record.fhir.nodes import MAX_LINE, Node

NO_DOCUMENT, HOLDS_ANOTHER = "DOC-004", "DOC-211"
Row = dict[str, Any]


def read_body(holder: Node, declared: str | None) -> tuple[Row, Row | None, list[str]]:
    """Fields of HEAD on the body in ``data``, columns of INSIDE when it is a CDA document, warnings.

    Raises Refused as for a document that is a file of its own. Other XML is only measured.
    """
    data = holder.text("data")
    if data is None:
        return {}, None, []
    raw = decoded(data)
    measured, warnings = measure(raw, declared)
    found = read_cda(raw) if raw is not None and sniff(raw[:4096]) == "xml" else None
    if found is None:
        return measured, None, warnings
    told = [code for code in warnings if code != HOLDS_ANOTHER] + found["warnings"]
    inside = {"header": {name: found.get(name) for name in HEAD.names}, "ins": found["ins"]}
    return measured, inside | {name: found[name] for name in FACTS}, told


def read_cda(raw: bytes) -> Row | None:
    """A CDA document as its reader tells it; None when the XML is something else. Raises Refused."""
    try:
        return cda.read_document(parse_document(raw, MAX_LINE))
    except Refused as refused:
        if refused.rule == NO_DOCUMENT:
            return None
        raise
