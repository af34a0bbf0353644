"""Claims of the health insurance, from the same dispensings as the pharmacies' extracts: one frame of cells per table.

A drug line is a service with a drug, a dispensing fee and a franchise; what comes back is a service with the opposite
signs. Now and then a claim was rejected and paid again: a service, its reversal, and the service once more. Some visits
have an act or a hospital drug. Persons have the study's own numbers.
"""

import numpy as np
import pandas as pd

from synthetic.dispensing import presentations
from synthetic.draws import Ints, calendar, chance, iso_day, scatter
from synthetic.nir import finess
from synthetic.people import Population
from synthetic.pharmacy import pharmacy_id, prescribers

DELAY = 7  # days from care until a claim is available
DRUG_SERVICE = {100: "3311", 65: "3313", 30: "3312", 15: "3341"}
FEE_SERVICE = {100: "3383", 65: "3386", 30: "3385", 15: "3384"}
FRANCHISE, ACT, RETROCEDED = "1972", "1352", "3317"
ACT_CODE, ACT_CENTS = "DZQM006", 7560
UCD_CODE, UCD_CENTS = "0000009348420", 2808
KEY = (
    "DCT_ORD_NUM", "FLX_DIS_DTD", "FLX_TRT_DTD", "FLX_EMT_TYP", "FLX_EMT_NUM", "FLX_EMT_ORD", "ORG_CLE_NUM",
    "PRS_ORD_NUM", "REM_TYP_AFF",
)  # fmt: skip
PARTS = ("drug", "fee", "franchise", "act", "hospital")
SLOTS = 3 * len(PARTS)  # services of one line: its parts, their reversals, and the parts again


def study_number(who: Ints) -> "np.ndarray":
    """The study's number of each person: nothing of the national number is in it."""
    return np.array([f"E{one:08d}" for one in ((who * 7919 + 13) % 100_000_000).tolist()], dtype=object)


def euros(cents: "np.ndarray") -> "np.ndarray":
    """Cents as euros with a decimal point."""
    return np.array(
        [f"{'-' if one < 0 else ''}{abs(one) // 100}.{abs(one) % 100:02d}" for one in cents.tolist()], object
    )


def dmy(days: Ints) -> "np.ndarray":
    """Day numbers as 31/12/2026."""
    unique, place = np.unique(days, return_inverse=True)
    return np.array(["/".join(reversed(iso_day(day).split("-"))) for day in unique], dtype=object)[place]


def reimbursed(lines: pd.DataFrame) -> pd.DataFrame:
    """Dispensed lines of patients with a number; without one nothing is claimed."""
    return lines[~chance(lines.person.to_numpy(), 92, 0.03)].reset_index(drop=True)


def services(lines: pd.DataFrame) -> pd.DataFrame:
    """One row per service: the dispensed line it is of, part, signed quantity and cents, rank in its settlement."""
    salt = lines.place.to_numpy()
    boxes = lines.quantity.to_numpy()
    fee = presentations().fee_cents.to_numpy()[lines.box.to_numpy()]
    rate = lines.rate.to_numpy()
    sign, none, sold = np.sign(boxes), np.zeros(len(lines), dtype=np.int64), boxes > 0
    fees = sign * (np.abs(boxes) * fee * rate // 100)
    parts = {  # whether there is one, quantity, cents paid, cents reimbursed
        "drug": (sold | ~sold, boxes, lines.amount_base, lines.amount_insurance),
        "fee": (sold | ~sold, sign, boxes * fee, fees),
        "franchise": (chance(salt, 310, 0.3) & sold, boxes, none, none),  # children and the poor pay none
        "act": (chance(salt, 301, 0.02) & sold, none + 1, none + ACT_CENTS, none + ACT_CENTS * 7 // 10),
        "hospital": (chance(salt, 302, 0.01) & sold, none + 1, none + UCD_CENTS, none + UCD_CENTS),
    }
    made = []
    for slot, (part, (there, quantity, paid, insured)) in enumerate(parts.items()):
        frame = pd.DataFrame(
            {
                "line": np.arange(len(lines)),
                "part": part,
                "slot": slot,
                "quantity": quantity,
                "paid": paid,
                "insured": insured,
            }
        )
        made.append(frame[there])
    table = pd.concat(made, ignore_index=True)
    redone = chance(salt, 303, 0.02)[table.line.to_numpy()]
    back = table[redone].assign(slot=lambda one: one.slot + len(PARTS))
    back[["quantity", "paid", "insured"]] *= -1
    again = table[redone].assign(slot=lambda one: one.slot + 2 * len(PARTS))
    table = pd.concat([table, back, again], ignore_index=True)
    table["rank"] = (lines.line.to_numpy()[table.line.to_numpy()] - 1) * SLOTS + table.slot + 1
    return table.sort_values(["line", "slot"], ignore_index=True)


def keys(lines: pd.DataFrame, table: pd.DataFrame, month: str) -> dict[str, "np.ndarray"]:
    """The nine key columns of services."""
    own = lines.iloc[table.line.to_numpy()]
    blank = np.full(len(table), "", dtype=object)
    return {
        "DCT_ORD_NUM": own.invoice.to_numpy(dtype=object),
        "FLX_DIS_DTD": blank + f"01/{month[5:]}/{month[:4]}",
        "FLX_TRT_DTD": dmy(own.day.to_numpy() + DELAY - 2),
        "FLX_EMT_TYP": blank + "1",
        "FLX_EMT_NUM": blank + "3",
        "FLX_EMT_ORD": (scatter(own.pharmacy.to_numpy(), 304) % 900 + 1).astype(str).astype(object),
        "ORG_CLE_NUM": blank + "01C999",
        "PRS_ORD_NUM": table["rank"].astype(str).to_numpy(dtype=object),
        "REM_TYP_AFF": blank + "1",
    }


def service_cells(people: Population, lines: pd.DataFrame, table: pd.DataFrame, month: str) -> pd.DataFrame:
    """ER_PRS_F: one row of cells per service."""
    own = lines.iloc[table.line.to_numpy()]
    who, day, part = own.person.to_numpy(), own.day.to_numpy(), table.part.to_numpy()
    blank = np.full(len(table), "", dtype=object)
    franchise = part == "franchise"
    nature = {"franchise": FRANCHISE, "act": ACT, "hospital": RETROCEDED}
    rates = own.rate.to_numpy()
    natures = [
        nature.get(p) or (DRUG_SERVICE if p == "drug" else FEE_SERVICE)[r]
        for p, r in zip(part, rates.tolist(), strict=True)
    ]
    stay = own.stay.to_numpy(dtype=object) != ""
    doctor = np.where(stay, 500 + own.stay_hospital.to_numpy() % 100, scatter(who, 91) % 500).astype(np.int64)
    site = np.array(
        [finess(max(rank, 0))[:8] for rank in range(int(own.stay_hospital.to_numpy().max(initial=0)) + 1)], dtype=object
    )
    year, months, _ = calendar(day)
    cells = {
        "NUM_ENQ": study_number(who),
        "BEN_RNG_GEM": people.birth_rank[who].astype(str).astype(object),
        "EXE_SOI_DTD": dmy(day),
        "EXE_SOI_AMD": (year * 100 + months).astype(str).astype(object),
        "PRE_PRE_DTD": dmy(own.prescribed.to_numpy(dtype=np.int64)),
        "PRS_NAT_REF": np.array(natures, dtype=object),
        "CPL_MAJ_TOP": np.where(franchise, "2", "0"),
        "CPL_AFF_COD": np.where(franchise, "16", "0"),
        "DPN_QLF": np.where(chance(who + day, 305, 0.1), "", "0"),
        "PRS_DPN_QLP": blank + "0",
        "BSE_REM_SGN": np.where(table.quantity.to_numpy() < 0, "2", "1"),
        "BSE_REM_BSE": euros(table.paid.to_numpy()),
        "BSE_REM_MNT": euros(table.insured.to_numpy()),
        "CPL_REM_MNT": np.where(franchise, euros(-50 * table.quantity.to_numpy()), ""),
        "PRS_PAI_MNT": euros(table.paid.to_numpy()),
        "PRS_ACT_QTE": table.quantity.astype(str).to_numpy(dtype=object),
        "RGO_REM_TAU": np.array([f"{one}.00" for one in rates.tolist()], dtype=object),
        "RGM_COD": blank + "100",
        "EXO_MTF": np.where(has_illness(who), "42", "0"),
        "PFS_EXE_NUM": np.array([pharmacy_id(rank)[:8] for rank in own.pharmacy.tolist()], dtype=object),
        "PFS_PRE_NUM": np.where(stay, "", np.array([f"991{one:05d}" for one in doctor.tolist()], dtype=object)),
        "PSP_PPS_NUM": np.where(stay, prescribers()[doctor], ""),
        "ETB_PRE_FIN": np.where(stay, site[np.maximum(own.stay_hospital.to_numpy(dtype=np.int64), 0)], ""),
    }  # fmt: skip
    return pd.DataFrame(keys(lines, table, month) | cells | civil(people, who, day))


def civil(people: Population, who: Ints, day: Ints) -> dict[str, "np.ndarray"]:
    """What a claim says of its person: babies' ages are months from 1000 on."""
    months = np.maximum((day - people.birth[who]) * 12 // 365.25, 0).astype(np.int64)
    age = np.where(months < 24, 1000 + months, months // 12)
    department, commune = residence(people, who, day)
    return {
        "BEN_AMA_COD": age.astype(str).astype(object),
        "BEN_SEX_COD": people.sex[who].astype(str).astype(object),
        "BEN_RES_DPT": department,
        "BEN_RES_COM": commune,
        "BEN_CDI_NIR": np.full(len(who), "00", dtype=object),
        "BEN_DCD_DTE": np.full(len(who), "01/01/1600", dtype=object),
    }


def residence(people: Population, who: Ints, day: Ints | int) -> tuple["np.ndarray", "np.ndarray"]:
    """Department on three characters and commune: 075, 02A, 097 with a commune of the island, 099 abroad."""
    codes = people.residence_at(day, who)
    unique, place = np.unique(codes, return_inverse=True)
    found = [department_of(code) for code in unique.tolist()]
    return tuple(np.array([one[side] for one in found], dtype=object)[place] for side in (0, 1))  # type: ignore[return-value]


def department_of(code: str) -> tuple[str, str]:
    """Department and commune as the health insurance writes them, of a postcode or a country's code."""
    if code.startswith("97"):
        return "097", f"{code[2]}99"
    if code.startswith("20"):
        return ("02A" if code[2] in "01" else "02B"), "999"
    return f"0{code[:2]}", "999"


def has_illness(who: Ints) -> "np.ndarray":
    """Who has a long-term illness."""
    return chance(who, 306, 0.15)


def line_cells(lines: pd.DataFrame, table: pd.DataFrame, month: str) -> dict[str, pd.DataFrame]:
    """The tables under the services; each writes the key in its own way, as deliveries do."""
    found = {}
    for name, part, make in (
        ("ER_PHA_F", "drug", drug_cells),
        ("ER_UCD_F", "hospital", ucd_cells),
        ("ER_CAM_F", "act", act_cells),
    ):
        own = table[table.part == part].reset_index(drop=True)
        found[name] = pd.DataFrame(keys(lines, own, month) | make(lines, own))
    acts = found["ER_CAM_F"]
    found["ER_ETE_F"] = acts[list(KEY)].assign(ETE_IND_TAA=np.where(np.arange(len(acts)) % 2 == 0, "", "0"))
    found["ER_PHA_F"]["FLX_EMT_NUM"] = "03"
    found["ER_ETE_F"]["PRS_ORD_NUM"] = found["ER_ETE_F"].PRS_ORD_NUM + ".0"
    found["ER_CAM_F"]["FLX_DIS_DTD"] = sas_month(month)
    return found


def sas_month(month: str) -> str:
    """The first of a month as SAS writes a moment."""
    names = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
    return f"01{names[int(month[5:]) - 1]}{month[:4]}:00:00:00"


def drug_cells(lines: pd.DataFrame, table: pd.DataFrame) -> dict[str, object]:
    """Cells of ER_PHA_F."""
    box = lines.box.to_numpy()[table.line.to_numpy()]
    codes = presentations().cip13.to_numpy(dtype=object)[box]
    short = chance(box, 307, 0.05)
    prices = presentations().price_cents.to_numpy()[box]
    return {
        "PHA_ORD_NUM": "1",
        "PHA_PRS_C13": np.where(short, "", codes),
        "PHA_PRS_IDE": np.array([code[5:12] for code in codes.tolist()], dtype=object),
        "PHA_ACT_QSN": table.quantity.astype(str).to_numpy(dtype=object),
        "PHA_ACT_PRU": np.array([f"{one // 100}.{one % 100:02d}000" for one in prices.tolist()], dtype=object),
        "PHA_DEC_TOP": "Z",
    }


def ucd_cells(lines: pd.DataFrame, table: pd.DataFrame) -> dict[str, object]:
    """Cells of ER_UCD_F."""
    return {
        "UCD_ORD_NUM": "1",
        "UCD_UCD_COD": UCD_CODE,
        "UCD_DLV_NBR": table.quantity.astype(str).to_numpy(dtype=object),
        "UCD_FRC_COE": "1.0000",
        "UCD_FAC_PRU": f"{UCD_CENTS // 100}.{UCD_CENTS % 100:02d}",
    }


def act_cells(lines: pd.DataFrame, table: pd.DataFrame) -> dict[str, object]:
    """Cells of ER_CAM_F."""
    return {"CAM_ORD_NUM": "1", "CAM_PRS_IDE": ACT_CODE, "CAM_ACT_PRU": f"{ACT_CENTS // 100}.{ACT_CENTS % 100:02d}"}
