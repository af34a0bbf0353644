"""The register of a synthetic root: every simulated producer, with what to expect of it."""

import csv
from pathlib import Path

from jobs.core.register import COLUMNS
from synthetic.dcir_delivery import PRODUCER as INSURANCE
from synthetic.feeds import dialect_name, formats
from synthetic.nir import ABROAD, DEPARTMENTS, finess
from synthetic.pharmacy import pharmacy_id
from synthetic.stays import Sizes

OPERATOR, FHIR_OPERATOR = "DMP1", "DMP2"  # one deposits documents and packages, the other FHIR exports


def lines(sizes: Sizes) -> list[tuple[object, ...]]:
    """One row per producer."""
    daily = round(sizes.persons * 0.075 / max(sizes.pharmacies, 1))
    rows: list[tuple[object, ...]] = []
    for rank in range(sizes.hospitals):
        name, contact = f"Centre hospitalier inventé {rank + 1}", f"dim{rank + 1}@hopital.invalid"
        rows.append((finess(rank), "hospital", name, "pmsi-mco rpu-oscour", "", "", 2, contact, "active", place(rank)))
    for rank in range(sizes.pharmacies):
        name, contact = f"Pharmacie inventée {rank + 1}", f"comptoir{rank + 1}@pharmacie.invalid"
        rows.append(
            (pharmacy_id(rank), "pharmacy", name, formats(rank), dialect_name(rank), daily, 2, contact, "active",
             place(rank))
        )  # fmt: skip
    rows.append(
        (INSURANCE, "pharmacy", "Assurance inventée", "dcir", "", "", 2, "flux@assurance.invalid", "active", "")
    )
    rows.append((OPERATOR, "shared_record", "Opérateur de dossier inventé", "shared-record", "",
                 round(sizes.documents / 30), 2, "exploitation@dossier.invalid", "active", ""))  # fmt: skip
    rows.append((FHIR_OPERATOR, "shared_record", "Opérateur FHIR inventé", "fhir-bulk", "", "", 2,
                 "exploitation@fhir.invalid", "active", ""))  # fmt: skip
    return rows


def place(rank: int) -> str:
    """The department that the n-th hospital or pharmacy lies in."""
    known = DEPARTMENTS[DEPARTMENTS != ABROAD]
    return str(known[rank * 7 % len(known)])


def write_register(path: Path, sizes: Sizes) -> None:
    """Write the register on first use; one that a person changed since stays as it is."""
    if path.exists():
        return
    draft = path.with_name(f".{path.name}.draft")
    with draft.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(lines(sizes))
    draft.replace(path)
