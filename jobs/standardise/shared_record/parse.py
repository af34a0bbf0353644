"""Files to records, in Arrow batches: one bad document costs its own row, never the batch."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pyarrow as pa

from jobs.standardise.documents import Limits, Refused, check_size, parse_document, sniff
from jobs.standardise.shared_record.cda import KIND, read_document
from jobs.standardise.shared_record.columns import ARROW, PLACE
from jobs.standardise.shared_record.embedded import without_base64
from jobs.standardise.shared_record.entries import Entry
from jobs.standardise.shared_record.oids import INS
from jobs.standardise.shared_record.package import Member, read_package
from jobs.standardise.shared_record.patient import identifier

Record = dict[str, Any]


def parser(limits: Limits) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """A function for ``mapInArrow``: columns of files.whole_files in, columns of PARSED out.

    ``wanted`` is the record to keep of a file that is taken again, null for all of them.
    """

    def parse(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            rows = [row for place in batch.to_pylist() for row in file_records(place, limits)]
            yield pa.RecordBatch.from_pylist(rows, schema=ARROW)

    return parse


def file_records(row: Record, limits: Limits) -> list[Record]:
    """The records of one file with their place."""
    found = [rejected(Refused("DOC-013", sniff(row["bytes"][:4096])), "cda")] if row["oversize"] else None
    found = found or read_file(row["bytes"] or b"", limits)
    place = {name: row[name] for name in PLACE}
    numbered = [{**record, **place, "record": number} for number, record in enumerate(found, start=1)]
    return [record for record in numbered if row["wanted"] is None or record["record"] == row["wanted"]]


def read_file(data: bytes, limits: Limits) -> list[Record]:
    """The records of one file, at least one: a file that is no document is one record with the reason."""
    found = records_of(data, limits)
    for record in found:
        record.pop("numbers", None)  # the one that counts has its own field
    return found


def records_of(data: bytes, limits: Limits) -> list[Record]:
    """The records of one file, with all ``numbers`` of their patients."""
    if sniff(data[:4096]) != "zip":
        return [attempt(partial(read_bare, data, limits), "cda")]
    try:
        members = read_package(data, limits)
    except Refused as refused:
        return [rejected(refused, "xdm")]
    return package_records(members, limits)


def read_bare(data: bytes, limits: Limits) -> Record:
    """A document that is a file. Raises Refused."""
    check_size(data, limits.max_document_bytes)
    rest, bodies = without_base64(data)
    root = parse_document(rest, limits.max_document_bytes)
    return read_document(root, rest.count(b"ClinicalDocument"), bodies)


def package_records(members: list[Member], limits: Limits) -> list[Record]:
    """The documents of a package. A broken package is refused whole, with its reason or DOC-016 for the others."""
    if any(member.rule == "DOC-010" for member in members):
        return [rejected(Refused("DOC-010", KIND), "xdm") for _ in members]
    records = [attempt(partial(read_member, member, limits), "xdm") for member in members]
    if several_patients([item for item in records if not item.get("rule")]):
        return [rejected(Refused("DOC-018", KIND), "xdm") for _ in members]
    if any(item.get("rule") for item in records):
        return [item if item.get("rule") else rejected(Refused("DOC-016", KIND), "xdm") for item in records]
    return records


def several_patients(records: list[Record]) -> bool:
    """Whether documents contradict each other on the patient: two INS, two numbers under one OID, or other traits.

    Traits decide where two documents have no number in common: then nothing else says that they are of one patient.
    """
    ins = {item["ins"] for item in records if item.get("ins")}
    local = {(item["local_root"], item["local_number"]) for item in records if item.get("local_number")}
    if len(ins) > 1 or len(local) > len({root for root, _ in local}):
        return True
    told = [item for item in records if item.get("family_name") and item.get("birth_text")]
    return any(not set(one["numbers"]) & set(told[0]["numbers"]) and named(one) != named(told[0]) for one in told[1:])


def named(record: Record) -> tuple[str, str]:
    """Birth name and birth date, in one spelling."""
    return record["family_name"].upper(), record["birth_text"][:8]


def another(told: str, numbers: tuple[tuple[str, str], ...]) -> bool:
    """Whether the metadata name another patient: the document has numbers under that OID, or INS, and not this one."""
    number, _, authority = told.partition("^^^&")
    root = authority.split("&")[0]
    own = {known for owner, known in numbers if owner == root or (owner in INS and root in INS)}
    return bool(own) and (identifier(number) or "") not in own


def read_member(member: Member, limits: Limits) -> Record:
    """A document of a package; what the metadata say of it must be true. Raises Refused."""
    entry = member.entry
    if entry.is_request:
        return requested(entry)
    values = read_bare(member.data, limits)
    known = "^".join(part for part in (values["id_root"], values["id_extension"]) if part)
    if entry.unique_id and entry.unique_id.lower() != known.lower():
        raise Refused("DOC-018", KIND, "uniqueId")
    if any(another(told, values["numbers"]) for told in entry.patient_ids):
        raise Refused("DOC-018", KIND, "patientId")
    if entry.replaces and not values["replaces_root"]:
        values["replaces_root"], _, values["replaces_extension"] = entry.replaces.partition("^")
    return values | registered(entry) | {"action": "D" if entry.availability == "deleted" else entry.action}


def requested(entry: Entry) -> Record:
    """A request about a document sent before: D deletes it, M changes only who may see it and whether it stands."""
    root, _, extension = (entry.unique_id or "").partition("^")
    asked = {"action": "D" if entry.availability == "deleted" else "M", "created_text": entry.created}
    return {"id_root": root, "id_extension": extension} | asked | registered(entry)


def registered(entry: Entry) -> Record:
    """What a registry says of a document: columns of HEADER."""
    return {
        "visibility": entry.visibility,
        "availability": entry.availability,
        "logical_id": entry.logical_id,
        "entry_id": entry.entry_id,
        "submitted_text": entry.submitted,
    }


def attempt(read: Callable[[], Record], carrier: str) -> Record:
    """A record, or the reason why there is none. What the reader did not foresee is a reason too (DOC-015)."""
    try:
        return {"kind": KIND, "carrier": carrier, "warnings": [], **read()}
    except Refused as refused:
        return rejected(refused, carrier)
    except Exception:
        return rejected(Refused("DOC-015", KIND), carrier)


def rejected(refused: Refused, carrier: str) -> Record:
    """The row of a refused record."""
    return {
        "kind": refused.kind,
        "carrier": carrier,
        "rule": refused.rule,
        "field": refused.field,
        "warnings": [],
    }
