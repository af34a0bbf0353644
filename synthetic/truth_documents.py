"""The truth about documents: each one sent, what must come of it, its facts row by row, what stands after a night."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from synthetic.document_facts import Facts
from synthetic.documents import DELETE, FHIR, MASK, REPLACE, Document
from synthetic.draws import iso_day
from synthetic.mess import ACCEPTED
from synthetic.truth import person_id

Row = dict[str, object]
COLUMNS = (
    "person", "unique_id", "set_id", "version", "replaces", "action", "type_code", "level", "visibility", "after_stay",
    "made_on", "filed_on", "file", "record", "carrier", "fault", "outcome", "rule", "facts_known", "accepted",
)  # fmt: skip
TABLES = {  # kind of fact -> published table
    "results": "lab_result",
    "vital_signs": "vital_sign",
    "vaccinations": "vaccination",
    "prescriptions": "prescription",
    "treatments": "prescription",
    "dispensations": "document_dispensation",
    "problems": "problem",
    "allergies": "allergy",
    "procedures": "procedure_history",
}
FIELDS = (
    "time", "start", "end", "code", "code_system", "code_kind", "icd10", "ccam", "status", "negated", "value_type",
    "value_number", "value_comparator", "value_code", "value_system", "unit", "interpretation", "reference_low",
    "reference_high", "product_code", "product_system", "cis", "cip13", "atc", "disease_code", "disease_system",
    "dose_number", "dose_value", "dose_unit", "every_value", "every_unit", "quantity_value", "quantity_unit", "repeats",
    "substituted", "route_code", "route_system", "reason_code", "reason_system", "kind", "severity", "kind_code",
    "kind_system", "agent_code", "agent_system", "reaction_code", "reaction_system", "criticality",
)  # fmt: skip
FACT_COLUMNS = ("unique_id", "file", "record", "carrier", "type_code", "table", "rank", *FIELDS)


def row(
    document: Document, file: str, record: int, carrier: str, outcome: str = ACCEPTED, rule: str = "", fault: str = ""
) -> Row:
    """The truth about one document sent; ``rule`` refuses it or tells of it."""
    return {
        "person": str(person_id(np.array([document.person]))[0]),
        "unique_id": document.unique_id,
        "set_id": document.set_id,
        "version": document.version,
        "replaces": document.replaced_id,
        "action": document.action,
        "type_code": document.type_code,
        "level": document.level,
        "visibility": " ".join(document.visibility),
        "after_stay": document.stay,
        "made_on": iso_day(document.made),
        "filed_on": iso_day(document.filed),
        "file": file,
        "record": record,
        "carrier": carrier,
        "fault": fault,
        "outcome": outcome,
        "rule": rule,
        "facts_known": True,
        "accepted": outcome == ACCEPTED,
    }


def fact_rows(truth: Row, facts: Facts) -> list[Row]:
    """The rows that an accepted document must give, by published table, ranked as in the document."""
    found: list[Row] = []
    place = {name: truth[name] for name in ("unique_id", "file", "record", "carrier", "type_code")}
    for kind, every in facts.items():
        for rank, fact in enumerate(every, start=1):
            told = dict(fact)
            if truth["carrier"] == FHIR and told.get("value_type") == "IVL_PQ":
                told["value_type"] = "PQ"  # a comparator stands beside the number there
            found.append(place | {"table": TABLES[kind], "rank": rank} | told)
    return found


def document_table(rows: Iterable[Row]) -> pd.DataFrame:
    """Documents as a frame of COLUMNS, in the order of their places."""
    table = pd.DataFrame(list(rows), columns=list(COLUMNS))
    table = table.astype({"version": int, "record": int, "level": int, "accepted": bool, "facts_known": bool})
    return table.sort_values(["file", "record"], ignore_index=True, kind="stable")


def fact_table(rows: Iterable[Row]) -> pd.DataFrame:
    """Facts as a frame of FACT_COLUMNS; what is not told is None."""
    table = pd.DataFrame(list(rows), columns=list(FACT_COLUMNS))
    return table.astype({"record": "int64", "rank": "int64"})


def standing(folder: Path, night: str) -> pa.Table:
    """The documents that stand after a night, by (producer, unique_id): sent, not replaced, deleted or hidden.

    Of documents without a planted fault. Columns of ``document``, the row that brought the content, and ``withheld``:
    told later or from the first with another visibility than normal.
    """
    paths = sorted(path for path in folder.glob("*/document.parquet") if path.parent.name <= night)
    sent = pd.concat([pq.read_table(path).to_pandas() for path in paths], ignore_index=True)
    good = sent[(sent.fault == "") & sent.accepted]
    gone = set(zip(*(good[good.action == DELETE][name] for name in ("producer", "unique_id")), strict=True))
    gone |= set(zip(*(good[good.action == REPLACE][name] for name in ("producer", "replaces")), strict=True))
    hidden = set(zip(*(good[good.action == MASK][name] for name in ("producer", "unique_id")), strict=True))
    brought = good[good.action != DELETE].drop_duplicates(["producer", "unique_id"])
    keys = list(zip(brought.producer, brought.unique_id, strict=True))
    kept = brought.assign(withheld=[key in hidden for key in keys])[[key not in gone for key in keys]]
    return pa.Table.from_pandas(kept, preserve_index=False)
