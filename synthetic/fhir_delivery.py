"""A record operator's bulk export: ``export.json``, one NDJSON file for each type of resource, ``deleted`` bundles."""

import json
from dataclasses import dataclass, field, replace

from synthetic import fhir_document
from synthetic.deposit import Delivery, delivery_id
from synthetic.document_facts import Facts, facts_of
from synthetic.documents import DELETE, FHIR, TOUCH, TOWN, Document
from synthetic.draws import iso_day
from synthetic.fhir import Resource
from synthetic.mess import mess_table, with_rules
from synthetic.mess_fhir import BASE, MANIFEST, Export, spoil
from synthetic.ndjson import lines
from synthetic.produce import OUTCOMES, Night, Sent, first_day
from synthetic.register import FHIR_OPERATOR
from synthetic.truth_documents import Row, document_table, fact_rows, fact_table, row

FORMAT = "fhir-bulk"
REFERENCES, GONE = "DocumentReference.000.ndjson", "deleted.000.ndjson"


@dataclass
class Bulk:
    """What an export holds: resources by type in order, deletions, and the document behind each of their lines."""

    resources: dict[str, list[Resource]] = field(default_factory=dict)
    deleted: list[Resource] = field(default_factory=list)
    told: list[tuple[Document, Facts]] = field(default_factory=list)
    gone: list[Document] = field(default_factory=list)

    def add(self, resource: Resource) -> None:
        """One resource behind those of its type."""
        self.resources.setdefault(resource["resourceType"], []).append(resource)

    def files(self) -> dict[str, bytes]:
        """Content by file name."""
        found = {f"{name}.000.ndjson": lines(every) for name, every in sorted(self.resources.items())}
        return found | ({GONE: lines(self.deleted)} if self.deleted else {})


def bulk_export(night: Night, documents: list[Document]) -> Sent:
    """The export of a night: the present state of the documents that changed since the night before."""
    bulk = collect(night, documents)
    files = bulk.files()
    place = {"source": "shared_record", "producer": FHIR_OPERATOR, "delivery_id": delivery_id(night.date)}
    export = Export(manifest(night, files), files)
    if files:
        export = spoil(export, night.plan.only, night.plan.share)
    content = {MANIFEST: (json.dumps(export.manifest, indent=1) + "\n").encode()} if files else {}
    delivery = Delivery(
        **place, format=FORMAT, night=night.date, first_day=iso_day(first_day(night)),
        last_day=iso_day(night.last), mode="append", files=content | export.files, records={},
    )  # fmt: skip
    truth, facts = told(bulk, export)
    mess = with_rules(mess_table(export.faults, **place), export.rules)
    counts = {outcome: int((mess.expected_outcome == outcome).sum()) for outcome in OUTCOMES}
    counts["read"] = (1 + sum(map(export.lines, export.files))) if files else 0
    counts["accepted"] = counts["read"] - sum(counts[name] for name in OUTCOMES if name != "accepted")
    extra = {"document_fact": fact_table(facts).assign(**place)}
    return Sent(delivery, mess, document_table(truth).assign(**place), counts, "document", extra)


def collect(night: Night, documents: list[Document]) -> Bulk:
    """One line for each thing that changed: of a document the last state, nothing of one that is gone again."""
    latest: dict[int, Document] = {}
    for document in documents:
        if document.carrier == FHIR and document.action != TOUCH:
            latest[document.place] = document
    bulk, seen = Bulk(), set()
    for document in latest.values():
        facts = facts_of(night.world, document)
        named = fhir_document.clinical(document, facts)
        if document.action == DELETE:
            bulk.deleted.append(fhir_document.deletions(document, named))
            bulk.gone.append(document)
            continue
        for resource in named:
            bulk.add(resource)
        bulk.add(fhir_document.reference(night.world.people, document, named))
        bulk.told.append((document, facts))
        if document.person not in seen:
            seen.add(document.person)
            whole = replace(document, hospital=TOWN, day=night.last, filed=night.last)
            bulk.add(fhir_document.patient(night.world.people, whole))
    return bulk


def manifest(night: Night, files: dict[str, bytes]) -> Resource:
    """The manifest of HL7's bulk export."""
    listed = [
        {"type": name.partition(".")[0], "url": f"{BASE}/{name}", "count": content.count(b"\n")}
        for name, content in files.items()
    ]
    return {
        "transactionTime": f"{iso_day(night.last)}T23:30:00+01:00",
        "request": f"{BASE.removesuffix('/export')}/$export?_since={iso_day(first_day(night))}T00:00:00%2B01:00",
        "requiresAccessToken": True,
        "output": [one for one in listed if one["type"] != "deleted"],
        "deleted": [one | {"type": "Bundle"} for one in listed if one["type"] == "deleted"],
        "error": [],
    }


def told(bulk: Bulk, export: Export) -> tuple[list[Row], list[Row]]:
    """The truth about every document of the export, and its facts."""
    end = ".gz" if f"{REFERENCES}.gz" in export.files else ""
    outcome, rule = ("quarantined", "FHR-024") if export.whole else ("accepted", "")
    fault = export.faults[0][2] if export.whole else ""
    truth: list[Row] = []
    facts: list[Row] = []
    for number, (document, found) in enumerate(bulk.told, start=1):
        truth.append(row(document, REFERENCES + end, number, FHIR, outcome, rule, fault))
        facts += fact_rows(truth[-1], found) if not export.whole else []
    for number, document in enumerate(bulk.gone, start=1):
        truth.append(row(document, GONE + end, number, FHIR, outcome, rule, fault))
    return truth, facts
