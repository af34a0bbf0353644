"""The record operators' deliveries: bare documents and packages of one, FHIR exports of the other, with their truth."""

from synthetic import catalogue, cda, life
from synthetic.deposit import Delivery, delivery_id
from synthetic.document_facts import facts_of
from synthetic.documents import CDA, FHIR, XDM, Document, filed
from synthetic.draws import iso_day
from synthetic.enclose import enclosed
from synthetic.fhir_delivery import bulk_export
from synthetic.mess import mess_table, with_rules
from synthetic.mess_documents import Case, Subject, choose
from synthetic.produce import OUTCOMES, Night, Sent, first_day
from synthetic.register import OPERATOR
from synthetic.truth_documents import Row, document_table, fact_rows, fact_table, row
from synthetic.xdm import package


class Parcel:
    """What one delivery of documents holds: files, the truth about each document, its facts, the planted faults."""

    def __init__(self, night: Night) -> None:
        self.night = night
        self.files: dict[str, bytes] = {}
        self.truth: list[Row] = []
        self.facts: list[Row] = []
        self.faults: list[tuple[str, int, str, str]] = []
        self.rules: list[str] = []

    def tell(self, truth: Row, document: Document) -> None:
        """The truth about one document, and its facts when it is taken in and they are known."""
        self.truth.append(truth)
        if truth["accepted"] and truth["facts_known"]:
            self.facts += fact_rows(truth, facts_of(self.night.world, document))

    def send_good(self, documents: list[Document]) -> None:
        """Bare files, and packages that hold the documents of one stay together."""
        world = self.night.world
        packages: dict[str, list[Document]] = {}
        for document in documents:
            if document.carrier == CDA:
                name = f"{document.place}.xml"
                self.files[name] = cda.render(world, document).encode()
                self.tell(row(document, name, 1, CDA), document)
            elif document.carrier == XDM:
                packages.setdefault(package_name(document), []).append(document)
        for name, members in packages.items():
            told = [enclosed(world.people, d, cda.render(world, d).encode()) for d in members]
            self.files[name] = package(told, apart=members[0].place // 2 % 5 == 0)
            for record, document in enumerate(members, start=1):
                self.tell(row(document, name, record, XDM), document)

    def send_broken(self, document: Document, case: Case) -> None:
        """The files of one planted case; files that are called alike come once."""
        for planted in case.make(Subject(self.night.world, document)):
            self.files[planted.name] = planted.content
            carrier = XDM if planted.content[:2] == b"PK" else CDA
            for one in planted.records:
                self.faults.append((planted.name, one.number, case.code, one.outcome))
                self.rules.append(one.rule)
                if one.document:
                    place = (planted.name, one.number, carrier)
                    truth = row(one.document, *place, one.outcome, one.rule, case.code)
                    self.tell(truth | {"facts_known": case.exact}, one.document)

    def sent(self) -> Sent:
        """The delivery with its truth and counts."""
        night = self.night
        place = {"source": "shared_record", "producer": OPERATOR, "delivery_id": delivery_id(night.date)}
        delivery = Delivery(
            **place, format="shared-record", night=night.date, first_day=iso_day(first_day(night)),
            last_day=iso_day(night.last), mode="append", files=dict(sorted(self.files.items())), records={},
        )  # fmt: skip
        mess = with_rules(mess_table(self.faults, **place), self.rules)
        table = document_table(self.truth).assign(**place)
        counts = {outcome: int((mess.expected_outcome == outcome).sum()) for outcome in OUTCOMES}
        counts["accepted"] += int((table.fault == "").sum())
        counts["read"] = sum(counts.values())
        return Sent(
            delivery, mess, table, counts, "document", {"document_fact": fact_table(self.facts).assign(**place)}
        )


def shared_record(night: Night) -> list[Sent]:
    """All documents filed since the night before: one delivery of documents, one FHIR export."""
    days = range(first_day(night), night.last + 1)
    documents = [d for day in days for d in (*filed(night.world, day), *life.documents(night.world, day))]
    plan = night.plan
    cases = [case for case in catalogue.CASES if case.answers(plan.only)]
    codes = choose(night.world, documents, cases, plan.seed, plan.share, night.last * 11)
    parcel = Parcel(night)
    parcel.send_good([d for d, case in zip(documents, codes, strict=True) if not case and d.carrier != FHIR])
    for document, case in zip(documents, codes, strict=True):
        if case:
            parcel.send_broken(document, case)
    return [parcel.sent(), bulk_export(night, documents)]


def package_name(document: Document) -> str:
    """Documents of one stay share a package; a request to replace, delete or hide travels alone."""
    if document.action:
        return f"xdm-{document.place}-{document.action.lower()}.zip"
    return f"xdm-{document.anchor}.zip"
