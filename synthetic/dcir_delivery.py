"""What the health insurance deposits in a night: the flux month so far, and its references, with the truth about them.

A claim is available some days after the care, and the month in which it is makes its flux month. Every night tells the
current flux month anew.
"""

import numpy as np
import pandas as pd

from synthetic.dcir import (
    DELAY,
    dmy,
    has_illness,
    line_cells,
    reimbursed,
    residence,
    service_cells,
    services,
    study_number,
)
from synthetic.deposit import Delivery, delivery_id
from synthetic.draws import calendar, day_number, iso_day, scatter
from synthetic.mess import mess_table
from synthetic.mess_dcir import LINE_FAULTS, OUTCOME, SERVICE_FAULTS, table_bytes
from synthetic.people import Population
from synthetic.produce import OUTCOMES, Night, Sent

PRODUCER, FORMAT = "CNAM1", "dcir"
ILLNESSES = ("E11", "I10", "C50", "F20", "N18")


def care_days(night: Night) -> range:
    """Days of care whose claims tonight's flux month holds: available since its first day, and by tonight."""
    tonight = day_number(night.date)
    first = day_number(f"{night.date[:7]}-01") - DELAY
    return range(max(first, night.world.start), tonight - DELAY + 1)


def flux(night: Night, lines: pd.DataFrame) -> Sent:
    """The delivery of a night; ``lines``: the dispensings of ``care_days``, of all pharmacies together.

    A month without a claim yet has no files, so that nothing is deposited.
    """
    month = night.date[:7]
    own = reimbursed(lines)
    table = services(own)
    people = night.world.people
    tables = {"ER_PRS_F": service_cells(people, own, table, month)} | line_cells(own, table, month)
    tables |= references(people, day_number(night.date))
    files: dict[str, bytes] = {}
    places: dict[str, np.ndarray] = {}
    planted: list[tuple[str, int, str, str]] = []
    codes = faults(night, own, table, tables)
    for name, frame in tables.items() if len(table) else ():
        content, placed, found = table_bytes(frame, codes.get(name, np.full(len(frame), "", dtype=object)))
        files[f"{name}.csv"], places[name] = content, placed
        planted += [(f"{name}.csv", record, code, OUTCOME[code]) for record, code in found]
    records = {name: max(content.count(b"\r\n") - 1, 0) for name, content in files.items()}
    place = {"source": "pharmacy", "producer": PRODUCER, "delivery_id": delivery_id(night.date)}
    tonight = day_number(night.date)
    delivery = Delivery(
        **place, format=FORMAT, night=night.date, first_day=f"{month}-01", last_day=iso_day(tonight), mode="replace",
        files=files, records=records,
    )  # fmt: skip
    mess = mess_table(planted, **place)
    counts = {"read": sum(records.values())} | {o: int((mess.expected_outcome == o).sum()) for o in OUTCOMES}
    counts["accepted"] = counts["read"] - counts["duplicate"] - counts["quarantined"] - counts["ignored"]
    return Sent(delivery, mess, truth(own, table, codes).assign(**place, flux_month=month), counts, "claim_line")


def faults(
    night: Night, lines: pd.DataFrame, table: pd.DataFrame, tables: dict[str, pd.DataFrame]
) -> dict[str, "np.ndarray"]:
    """Faults by table: of services on fees alone, whose loss no other line depends on; of lines on drugs."""
    place = lines.place.to_numpy()[table.line.to_numpy()] * 64 + table.slot.to_numpy()
    service = night.plan.choose(place, 311, SERVICE_FAULTS)
    service[table.part.to_numpy() != "fee"] = ""
    drugs = night.plan.choose(place[table.part.to_numpy() == "drug"], 312, LINE_FAULTS)
    return {"ER_PRS_F": service, "ER_PHA_F": drugs}


def truth(lines: pd.DataFrame, table: pd.DataFrame, codes: dict[str, "np.ndarray"]) -> pd.DataFrame:
    """Each service as it truly is, cents and boxes signed, and whether its service and its drug line are accepted.

    ``cip13`` is the drug's; ``told`` says that the drug line counts, ``counted`` that the service's amounts do.
    """
    from synthetic.dispensing import presentations

    own = lines.iloc[table.line.to_numpy()].reset_index(drop=True)
    drug = table.part == "drug"
    dropped = ("quarantined", "ignored")
    service = np.array([OUTCOME.get(code, "") not in dropped for code in codes["ER_PRS_F"].tolist()], dtype=bool)
    told = np.zeros(len(table), dtype=bool)
    told[drug.to_numpy()] = [OUTCOME.get(code, "") not in dropped for code in codes["ER_PHA_F"].tolist()]
    cip13 = np.where(drug, presentations().cip13.to_numpy(dtype=object)[own.box.to_numpy()], "")
    return table.assign(
        person=own.person, study_number=study_number(own.person.to_numpy()), day=own.day, pharmacy=own.pharmacy,
        care_month=[iso_day(day)[:7] for day in own.day.tolist()], cip13=cip13, counted=service, told=told,
    )  # fmt: skip


def references(people: Population, today: int) -> dict[str, pd.DataFrame]:
    """IR_BEN_R and IR_IMB_R: everybody who is born, and the long-term illnesses."""
    who = np.flatnonzero(people.birth <= today)
    year, month, _ = calendar(people.birth[who])
    department, commune = residence(people, who, today)
    dead = people.dies[who] <= today
    deaths = np.where(dead, dmy(np.where(dead, people.dies[who], today)), "01/01/1600")
    persons = pd.DataFrame(
        {
            "NUM_ENQ": study_number(who), "BEN_RNG_GEM": people.birth_rank[who].astype(str),
            "BEN_NAI_ANN": year.astype(str), "BEN_NAI_MOI": [f"{one:02d}" for one in month.tolist()],
            "BEN_SEX_COD": people.sex[who].astype(str), "BEN_DCD_DTE": deaths, "BEN_RES_DPT": department,
            "BEN_RES_COM": commune, "BEN_CDI_NIR": "00",
        }
    )  # fmt: skip
    ill = who[has_illness(who)]
    kind = scatter(ill, 308) % len(ILLNESSES)
    began = np.maximum(today - scatter(ill, 309) % 3000, people.birth[ill])
    illnesses = pd.DataFrame(
        {
            "NUM_ENQ": study_number(ill), "BEN_RNG_GEM": people.birth_rank[ill].astype(str), "IMB_ALD_DTD": dmy(began),
            "IMB_ALD_DTF": dmy(began + 3650), "IMB_ALD_NUM": (kind + 1).astype(str), "IMB_ETM_NAT": "41",
            "MED_MTF_COD": np.array(ILLNESSES, dtype=object)[kind], "MED_NCL_IDT": "CIM10",
        }
    )  # fmt: skip
    return {"IR_BEN_R": persons, "IR_IMB_R": illnesses}
