"""What a package's metadata says of a document, as real systems fill it in: with names, numbers and addresses."""

import numpy as np

from synthetic import cda
from synthetic.document_facts import compact, moment, written_at
from synthetic.documents import DELETE, MASK, REPLACE, TOUCH, Document
from synthetic.patients import patient_of
from synthetic.people import Population
from synthetic.xdm import Enclosed

STATES = {"": 0, REPLACE: 0, MASK: 1, DELETE: 2, TOUCH: 3}  # a registry's entry changes with every change


def enclosed(people: Population, document: Document, content: bytes) -> Enclosed:
    """The document with its metadata. Hiding and touching change the entry, not the logical document."""
    who = document.person
    root, number = cda.local_number(document)
    ins = f"{cda.ins_of(people, who)}^^^&{cda.INS_OID}&ISO^NH"
    author, (house, name) = cda.author(document), cda.structure(document)
    return Enclosed(
        content=content,
        unique_id=document.unique_id,
        type_code=document.type_code,
        patient=ins if cda.qualified(people, document) else f"{number}^^^&{root}&ISO^PI",
        created=moment(*written_at(document)),
        submitted=moment(document.filed, 20 * 3600 + document.rank % 3000),
        action=document.action if document.action in (REPLACE, DELETE) else "",
        entry=document.place * 10 + STATES[document.action],
        logical=document.place * 10,
        replaces=document.origin * 10 if document.replaces and document.rank % 2 else 0,
        visibility=document.visibility,
        title=f"{cda.MODELS[document.type_code].name} {patient_of(people, document).birth_name}",
        local=f"{number}^^^&{root}&ISO^PI",
        traits=traits(people, document),
        author=(
            f"{author['doctor']}^{author['doctor_name']}^{author['doctor_given']}^^^^^^&1.2.250.1.71.4.2.1&ISO^D",
            f"{name}^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^{house}",
        ),
    )


def traits(people: Population, document: Document) -> tuple[str, ...]:
    """Lines of sourcePatientInfo: names, birth, sex, address with the place of birth."""
    told, home = patient_of(people, document), people.residence_at(document.day, np.array([document.person]))[0]
    return (
        f"PID-5|{told.birth_name}^{told.given[0]}^{' '.join(told.given)}^^^^L",
        f"PID-5|{told.used_name}^{told.given[0]}^^^^^D",
        f"PID-7|{compact(told.birth)}",
        f"PID-8|{'M' if told.sex == 1 else 'F'}",
        f"PID-11|^^^^{home}^^H~^^^^^^BDL^^{told.place}",
    )
