"""The record operator's delivery: bare documents and packages, with their faults, and the truth about each."""

from dataclasses import replace

import numpy as np
import pandas as pd

from synthetic import cda, mess_shared_record
from synthetic.deposit import Delivery, delivery_id
from synthetic.documents import Document, fate, filed, in_package
from synthetic.draws import iso_day, scatter
from synthetic.mess import TWICE, mess_table
from synthetic.mess_shared_record import FAULTS, OUTCOME
from synthetic.people import Population
from synthetic.produce import OUTCOMES, Night, Sent, first_day
from synthetic.register import OPERATOR
from synthetic.truth import person_id
from synthetic.xdm import Enclosed, package

Row = dict[str, object]
COLUMNS = ("person", "unique_id", "set_id", "version", "replaces", "action", "type_code", "after_stay", "filed_on",
           "file", "record", "carrier", "accepted")  # fmt: skip


def shared_record(night: Night) -> Sent:
    """All documents filed since the night before."""
    documents = [d for day in range(first_day(night), night.last + 1) for d in filed(night.world, day)]
    codes = choose(night, documents)
    files: dict[str, bytes] = {}
    truth: list[Row] = []
    faults: list[tuple[str, int, str, str]] = []
    good = [d for d, code in zip(documents, codes, strict=True) if not code]
    send_good(night, good, files, truth)
    for document, code in zip(documents, codes, strict=True):
        if code:
            faults += send_broken(night, document, code, files, truth)
    place = {"source": "shared_record", "producer": OPERATOR, "delivery_id": delivery_id(night.date)}
    delivery = Delivery(
        **place, format="shared-record", night=night.date, first_day=iso_day(first_day(night)),
        last_day=iso_day(night.last), mode="append", files=dict(sorted(files.items())), records={},
    )  # fmt: skip
    mess = mess_table(faults, **place)
    table = pd.DataFrame(truth, columns=COLUMNS).astype({"version": int, "record": int, "accepted": bool})
    table = table.sort_values(["file", "record"], ignore_index=True).assign(**place)
    counts = {outcome: int((mess.expected_outcome == outcome).sum()) for outcome in OUTCOMES}
    counts["accepted"] = int(table.accepted.sum())
    counts["read"] = sum(counts.values())
    return Sent(delivery, mess, table, counts, "document")


def choose(night: Night, documents: list[Document]) -> list[str]:
    """A fault for some documents, each kind in its turn.

    Requests to replace or delete stay good, and so do the documents that they will be about.
    """
    plan = night.plan
    usable = [f.code for f in FAULTS if plan.only in ("", f.code)]
    codes = [""] * len(documents)
    turn = 0
    for place, document in enumerate(documents):
        drawn = int(scatter(np.array([document.place]), 131 + 1009 * plan.seed)[0]) % 100_000
        if not usable or drawn >= round(plan.share * 100_000) or document.action or fate(document):
            continue
        code = usable[turn % len(usable)]
        if code == "DOC-007" and not cda.qualified(night.world.people, document):
            continue  # a test identity takes the place of an INS: without one there is none to replace
        codes[place] = code
        turn += 1
    return codes


def enclose(people: Population, document: Document, text: str) -> Enclosed:
    """The document with what a package's metadata says of it."""
    ins = str(people.number[document.person]) + str(people.key[document.person])
    patient = f"{ins}^^^&{cda.INS_OID}&ISO^NH" if cda.qualified(people, document) else "UNKNOWN^^^&2.25.80000000&ISO^PI"
    return Enclosed(
        text.encode(),
        document.unique_id,
        document.type_code,
        patient,
        cda.moment(*cda.written_at(document)),
        document.action,
    )


def row(document: Document, file: str, record: int, carrier: str, accepted: bool) -> Row:
    """The truth about one document sent."""
    return {
        "person": str(person_id(np.array([document.person]))[0]),
        "unique_id": document.unique_id,
        "set_id": document.set_id,
        "version": document.version,
        "replaces": document.replaced_id,
        "action": document.action,
        "type_code": document.type_code,
        "after_stay": document.stay,
        "filed_on": iso_day(document.day),
        "file": file,
        "record": record,
        "carrier": carrier,
        "accepted": accepted,
    }


def send_good(night: Night, documents: list[Document], files: dict[str, bytes], truth: list[Row]) -> None:
    """Bare files, and packages that hold the documents of one stay together."""
    people, seed = night.world.people, night.plan.seed
    packages: dict[str, list[Document]] = {}
    for document in documents:
        if not in_package(document):
            name = f"{document.place}.xml"
            files[name] = cda.render(people, document, seed).encode()
            truth.append(row(document, name, 1, "cda", True))
        else:
            packages.setdefault(package_name(document), []).append(document)
    for name, members in packages.items():
        files[name] = package([enclose(people, d, cda.render(people, d, seed)) for d in members])
        truth += [row(d, name, record, "xdm", True) for record, d in enumerate(members, start=1)]


def package_name(document: Document) -> str:
    """Documents of one stay share a package; a request to replace or delete travels alone."""
    if document.action:
        return f"xdm-{document.place}-{document.action.lower()}.zip"
    return f"xdm-{document.stay or document.place}.zip"


def send_broken(
    night: Night, document: Document, code: str, files: dict[str, bytes], truth: list[Row]
) -> list[tuple[str, int, str, str]]:
    """The files of one fault; the planted faults as (file, record, code, outcome)."""
    people, seed, name = night.world.people, night.plan.seed, str(document.place)
    text = cda.render(people, document, seed)
    if code == TWICE:
        files[f"{name}.xml"] = files[f"renvoi-{name}.xml"] = text.encode()
        truth.append(row(document, f"{name}.xml", 1, "cda", True))
        return [(f"renvoi-{name}.xml", 1, code, OUTCOME[code])]
    truth.append(row(document, f"{name}.xml", 1, "cda", False))
    if code == "DOC-009":
        other = replace(document, person=stranger(night, document))
        files[f"{name}.xml"], files[f"renvoi-{name}.xml"] = text.encode(), cda.render(people, other, seed).encode()
        truth.append(row(other, f"renvoi-{name}.xml", 1, "cda", False))
        return [(file, 1, code, OUTCOME[code]) for file in (f"{name}.xml", f"renvoi-{name}.xml")]
    enclosed = replace(enclose(people, document, text), wrong_hash=code == "DOC-010")
    sent = mess_shared_record.broken(code, name, text, enclosed, cda.patient_ids(people, document))
    files.update(sent)
    truth[-1]["file"] = sent[0][0]
    return [(file, 1, code, OUTCOME[code]) for file, _ in sent]


def stranger(night: Night, document: Document) -> int:
    """Another person than the document's."""
    return (document.person + 7_001) % night.world.sizes.persons
