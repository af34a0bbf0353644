"""Files to visits, in Arrow batches: everything a visit says as text, under the names used from here on.

Source of the elements: sample of the OSCOUR format in a public script (one source), and article 3 of the arrêté of
24 July 2013, which names the same eighteen items.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
from lxml import etree
from pyspark.sql import types as T
from pyspark.sql.pandas.types import to_arrow_schema

from jobs.standardise.documents import Refused, parse_document, sniff
from jobs.standardise.hospital.emergency.rules import NO_FINESS, OF_DOCUMENT, OTHER_XML, TOO_LARGE, UNREAD

Record = dict[str, Any]
KIND = "rpu"
PLACE = ("producer", "delivery_id", "file")
ELEMENTS = {
    "CP": "residence_text",
    "NAISSANCE": "birth_text",
    "SEXE": "sex_text",
    "ENTREE": "entry_text",
    "MODE_ENTREE": "entry_mode_text",
    "PROVENANCE": "origin_text",
    "TRANSPORT": "transport_text",
    "TRANSPORT_PEC": "transport_care_text",
    "MOTIF": "reason_text",
    "GRAVITE": "severity_text",
    "DP": "principal_text",
    "SORTIE": "exit_text",
    "MODE_SORTIE": "exit_mode_text",
    "DESTINATION": "destination_text",
    "ORIENT": "orientation_text",
}
LISTS = {"LISTE_DA": ("DA", "associated_texts"), "LISTE_ACTES": ("ACTE", "act_texts")}
COMMUNE = "COMMUNE"
TEXT_LENGTH = 500  # of a visit's field; a longer one is no code and no date, and free text goes no further
KEPT_BYTES = 1_048_576  # of a refused file; the raw zone has it whole
TEXTS = T.ArrayType(T.StringType())
PARSED = T.StructType(
    [T.StructField(name, T.StringType()) for name in PLACE]
    + [T.StructField("record", T.LongType())]
    + [T.StructField(name, T.StringType()) for name in ("kind", "rule", "field", "repeated")]
    + [T.StructField("finess_numbers", TEXTS), T.StructField("commune_given", T.BooleanType())]
    + [T.StructField(name, T.StringType()) for name in ELEMENTS.values()]
    + [T.StructField(name, TEXTS) for _, name in LISTS.values()]
    + [T.StructField("bytes", T.BinaryType())]
)
ARROW: pa.Schema = to_arrow_schema(PARSED)


def parser(max_bytes: int) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """A function for ``mapInArrow``: whole files in (PLACE, ``oversize``, ``bytes``), columns of PARSED out."""

    def parse(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for row in batch.to_pylist():
                yield pa.RecordBatch.from_pylist(file_records(row, max_bytes), schema=ARROW)

    return parse


def file_records(row: Record, max_bytes: int) -> list[Record]:
    """The visits of one file with their place; a file that cannot be read is one record, with the reason."""
    data = row["bytes"] or b""
    try:
        if row["oversize"]:
            raise Refused(TOO_LARGE, sniff(data[:4096]))
        found = read_file(data, max_bytes)
    except Refused as refused:
        rule = OF_DOCUMENT.get(refused.rule, refused.rule)
        found = [{"kind": refused.kind, "rule": rule, "field": refused.field, "bytes": data[:KEPT_BYTES]}]
    except Exception:  # what nobody foresaw costs this file, never the night; the message may quote the file
        found = [{"kind": KIND, "rule": UNREAD, "bytes": data[:KEPT_BYTES]}]
    place = {name: row[name] for name in PLACE}
    return [{**record, **place, "record": number} for number, record in enumerate(found, start=1)]


def read_file(data: bytes, max_bytes: int) -> list[Record]:
    """The visits of one document, in its order; none is a valid answer. Raises Refused."""
    root = parse_document(data, max_bytes)
    passages = [child for child in root if tag(child) == "PASSAGES"]
    if tag(root) != "OSCOUR" or not passages:
        raise Refused(OTHER_XML, "xml")
    numbers = [number for child in root if tag(child) == "ETABLISSEMENT" for number in finess_numbers(child)]
    if not numbers:
        raise Refused(NO_FINESS, KIND, "FINESS")
    return [visit(one, numbers) for part in passages for one in part if tag(one) == "PATIENT"]


def finess_numbers(element: etree._Element) -> list[str]:
    """The numbers of a hospital, legal or geographic, that an element holds."""
    return [text_of(one).upper() for one in element if tag(one).startswith("FINESS") and text_of(one)]


def visit(patient: etree._Element, numbers: list[str]) -> Record:
    """One visit. An element sent twice with two contents is named in ``repeated``: nothing says which is right."""
    found: Record = {"kind": KIND, "commune_given": False, "bytes": etree.tostring(patient)}
    found["finess_numbers"] = finess_numbers(patient) + numbers
    found |= {name: [] for _, name in LISTS.values()}
    for child in patient:
        name, text = tag(child), text_of(child)
        if name in LISTS:
            inner, column = LISTS[name]
            found[column] += [text for one in child if tag(one) == inner and (text := text_of(one))]
        elif text and name == COMMUNE:
            found["commune_given"] = True
        elif text and name in ELEMENTS:
            column = ELEMENTS[name]
            if found.setdefault(column, text) != text:
                found["repeated"] = name
    return found


def tag(element: etree._Element) -> str:
    """An element's name without namespace; the format writes it in capitals."""
    return str(element.tag).rpartition("}")[2].upper()


def text_of(element: etree._Element) -> str:
    """An element's text with single blanks, as far as a field may go."""
    return " ".join("".join(element.itertext()).split())[:TEXT_LENGTH]
