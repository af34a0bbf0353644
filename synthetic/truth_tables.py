"""All truth of a night as tables, one per name."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa

from synthetic import life, truth
from synthetic.dispensing import presentations
from synthetic.mess import MESS_COLUMNS
from synthetic.nir import finess
from synthetic.pharmacy import pharmacy_id
from synthetic.produce import Sent
from synthetic.truth_documents import FACT_COLUMNS
from synthetic.world import World

PLACE = ["source", "producer", "delivery_id"]


def truth_tables(world: World, sent: list[Sent], statuses: list[dict[str, object]]) -> dict[str, pa.Table]:
    """All truth of the night, one table per name."""
    mess = pd.concat([s.mess for s in sent], ignore_index=True)[list(MESS_COLUMNS)]
    kinds = {
        kind: pd.concat([s.truth for s in sent if s.kind == kind], ignore_index=True)
        for kind in ("hospital_stay", "emergency_visit", "dispensation", "claim_line", "document")
    }
    nothing = kinds["dispensation"].iloc[:0]  # some nights have no invoice, yet a table with the columns of one
    invoices = pd.concat([nothing, *(s.truth for s in sent if s.kind == "invoice")], ignore_index=True)
    facts = pd.concat([s.extra["document_fact"] for s in sent if "document_fact" in s.extra], ignore_index=True)
    drugs = pd.concat([s.extra["hospital_drug"] for s in sent if "hospital_drug" in s.extra], ignore_index=True)
    return {
        "person": truth.persons(world),
        "relation": truth.relations(world),
        "delivery": truth.typed(pd.DataFrame(statuses)),
        "mess": truth.typed(mess.astype({"record": "int64"})),
        "hospital_stay": stay_table(kinds["hospital_stay"]),
        "hospital_drug": drug_table(drugs),
        "emergency_visit": visit_table(kinds["emergency_visit"], statuses),
        "dispensation": dispensation_table(kinds["dispensation"]),
        "invoice": dispensation_table(invoices),
        "claim_line": claim_table(kinds["claim_line"]),
        "document": truth.typed(kinds["document"]),
        "document_fact": fact_table(facts),
        "life_event": event_table(life.events(world)),
    }


def event_table(events: list[life.Event]) -> pa.Table:
    """Every life event that began: its kind, its first day, whom it befalls, and whom they are taken for (or empty)."""
    return pa.table({
        "kind": pa.array([one.kind for one in events], pa.string()),
        "begins_on": truth.day(np.array([one.day for one in events], dtype=np.int64)),
        "person": pa.array(truth.person_id(np.array([one.person for one in events], dtype=np.int64)), pa.string()),
        "other": pa.array(truth.person_id(np.array([one.other for one in events], dtype=np.int64)), pa.string()),
    })  # fmt: skip


def fact_table(facts: pd.DataFrame) -> pa.Table:
    """Every row that accepted documents must give, all fields as text; what is not told is null."""
    fields = [
        pa.field(name, pa.int64() if name in ("record", "rank") else pa.string()) for name in (*PLACE, *FACT_COLUMNS)
    ]
    return pa.Table.from_pandas(facts, schema=pa.schema(fields), preserve_index=False)


def stay_table(stays: pd.DataFrame) -> pa.Table:
    """Every transmitted stay and whose it is."""
    columns = [*PLACE, "number", "mother_number", "reason", "units", "died", "unit_lines_accepted",
               "identity_accepted", "covid"]  # fmt: skip
    table = pa.Table.from_pandas(
        stays[columns].rename(columns={"number": "local_stay_id", "mother_number": "mother_local_stay_id"}),
        preserve_index=False,
    )
    table = table.append_column("finess", pa.array([finess(rank) for rank in stays.hospital], type=pa.string()))
    for name in ("entry", "exit"):
        table = table.append_column(f"{name}_date", truth.day(stays[name].to_numpy()))
    return table.append_column("person", pa.array(truth.person_id(stays.person.to_numpy(dtype="int64"))))


def drug_table(given: pd.DataFrame) -> pa.Table:
    """Every drug given in hospital and told beside the stays; quantity in units, amount in euros."""
    columns = [*PLACE, "file", "record", "number", "ucd7", "ucd13", "seven", "quantity", "amount", "fault", "accepted"]
    renamed = given[columns].rename(columns={"number": "local_stay_id", "seven": "told_by_seven"})
    for name in ("quantity", "amount"):
        renamed[name] = [Decimal(int(thousandths)).scaleb(-3) for thousandths in renamed[name]]
    table = truth.typed(renamed)
    return table.append_column("administered_on", truth.day(given.day.to_numpy()))


def visit_table(visits: pd.DataFrame, statuses: list[dict[str, object]]) -> pa.Table:
    """Every emergency visit told; ``accepted``: taken in from this delivery, and not told alike before."""
    complete = {(row["producer"], row["delivery_id"]) for row in statuses if row["expected_status"] == "complete"}
    came = [place in complete for place in zip(visits.producer, visits.delivery_id, strict=True)]
    arrived = visits.accepted & pd.Series(came, index=visits.index, dtype=bool)
    columns = [*PLACE, "file", "record", "person", "minute", "fault", "outcome", "element_sha256"]
    table = truth.typed(visits[columns].assign(accepted=arrived))
    return table.append_column("entry_date", truth.day(visits.entry_day.to_numpy(dtype="int64")))


def dispensation_table(lines: pd.DataFrame) -> pa.Table:
    """Every line of every ticket and whose it is; amounts in euros."""
    columns = [*PLACE, "file", "record", "ticket", "line", "event", "quantity", "stay", "fault", "accepted"]
    renamed = lines[columns].rename(
        columns={"ticket": "ticket_id", "line": "line_id", "event": "event_type", "stay": "after_stay"}
    )
    table = truth.typed(renamed.astype({"record": "int64"}))
    table = table.append_column("cip13", pa.array(presentations().cip13.to_numpy()[lines.box.to_numpy()], pa.string()))
    for name in ("amount_total", "amount_base", "amount_insurance"):
        table = table.append_column(name, truth.money(lines[name].to_numpy()))
    table = table.append_column("dispensed_on", truth.day(lines.day.to_numpy()))
    return table.append_column("person", pa.array(truth.person_id(lines.person.to_numpy(dtype="int64"))))


def claim_table(services: pd.DataFrame) -> pa.Table:
    """Every service that the insurance tells, and whose it is; ``pharmacy`` dispensed it, amounts are in euros.

    ``counted``: the service's amounts are to count; ``told``: its drug line is.
    """
    columns = [*PLACE, "flux_month", "care_month", "part", "cip13", "quantity", "counted", "told"]
    columns.append("study_number")
    table = truth.typed(services[columns].astype({"care_month": str}))
    for name in ("paid", "insured"):
        table = table.append_column(name, truth.money(services[name].to_numpy()))
    pharmacies = pa.array([pharmacy_id(rank) for rank in services.pharmacy.tolist()], pa.string())
    table = table.append_column("pharmacy", pharmacies).append_column("care_on", truth.day(services.day.to_numpy()))
    return table.append_column("person", pa.array(truth.person_id(services.person.to_numpy(dtype="int64"))))
