"""Faults of shared-record documents: each turns one good document into the files that are sent instead."""

from collections.abc import Callable

from synthetic.mess import DUPLICATE, QUARANTINED, TWICE, Fault
from synthetic.xdm import SUBSET, Enclosed, archive, package

FAULTS = (
    Fault("DOC-001", QUARANTINED),  # an empty file
    Fault("DOC-002", QUARANTINED),  # the error page of a proxy
    Fault("DOC-003", QUARANTINED),  # cut in the middle
    Fault("DOC-004", QUARANTINED),  # XML that is no clinical document
    Fault("DOC-005", QUARANTINED),  # a document type declaration
    Fault("DOC-006", QUARANTINED),  # two documents in one file
    Fault("DOC-007", QUARANTINED),  # a test identity
    Fault("DOC-008", QUARANTINED),  # nobody's document
    Fault("DOC-009", QUARANTINED),  # one identifier, two patients
    Fault("DOC-010", QUARANTINED),  # metadata that give another hash
    Fault("DOC-011", QUARANTINED),  # a package that would write outside, or swell
    Fault("DOC-012", QUARANTINED),  # bytes of another encoding than declared
    Fault(TWICE, DUPLICATE),  # the same file under another name
)
OUTCOME = {fault.code: fault.outcome for fault in FAULTS}
ERROR_PAGE = (
    b"<!DOCTYPE html>\n<html><head><title>504</title></head><body><h1>504 Gateway Time-out</h1></body></html>\n"
)
Planted = list[tuple[str, bytes]]


def broken(code: str, name: str, text: str, enclosed: Enclosed, ids: str) -> Planted:
    """The files sent instead of a good document (for DOC-009 and a copy see the caller)."""
    spoil = SINGLE.get(code)
    if spoil:
        return [(f"{name}.xml", spoil(text))]
    if code == "DOC-008":
        return [(f"{name}.xml", text.replace(ids, '<id nullFlavor="UNK"/>').encode())]
    if code == "DOC-010":
        return [(f"{name}.zip", package([enclosed]))]
    if code == "DOC-011":
        return [(f"{name}.zip", hostile(text))]
    raise KeyError(code)


def two_in_one(text: str) -> bytes:
    """Two clinical documents below one root that is neither."""
    head, _, rest = text.partition("\n")
    return f"{head}\n<documents>{rest}{rest}</documents>\n".encode()


def with_doctype(text: str) -> bytes:
    """An entity that would read a file of the reader's machine."""
    head, _, rest = text.partition("\n")
    return f'{head}\n<!DOCTYPE ClinicalDocument [<!ENTITY x SYSTEM "file:///etc/hostname">]>\n{rest}'.encode()


def hostile(text: str) -> bytes:
    """A package with a member that points outside of it, or with a member that swells a thousandfold."""
    if len(text) % 2:
        return archive([(f"{SUBSET}METADATA.XML", b"<x/>"), ("../../outside.xml", text.encode())])
    return archive([(f"{SUBSET}METADATA.XML", b"<x/>"), (f"{SUBSET}DOC0001.XML", b" " * 40_000_000)])


SINGLE: dict[str, Callable[[str], bytes]] = {
    "DOC-001": lambda text: b"",
    "DOC-002": lambda text: ERROR_PAGE,
    "DOC-003": lambda text: text[: len(text) // 2].encode(),
    "DOC-004": lambda text: b'<?xml version="1.0" encoding="UTF-8"?>\n<facture><ligne/></facture>\n',
    "DOC-005": with_doctype,
    "DOC-006": two_in_one,
    "DOC-007": lambda text: text.replace('"1.2.250.1.213.1.4.8"', '"1.2.250.1.213.1.4.10"').encode(),
    "DOC-012": lambda text: text.encode("cp1252"),
}
