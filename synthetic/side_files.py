"""What a hospital sends beside stays and billing: the link of numbers, expensive drugs, and its units."""

import numpy as np
import pandas as pd

from synthetic.coding import turns
from synthetic.draws import chance, scatter
from synthetic.hospital import rss_ids, unit_codes
from synthetic.layout import Block, fields_of
from synthetic.nir import finess
from synthetic.stays import NEWBORN, code_list

LINK, DRUGS, UNITS = "hosp-pmsi.txt", "fichcomp-med.txt", "ium.txt"
CHEMOTHERAPY = ("chemotherapy_breast", "chemotherapy_lung")
OPENED = 18_262  # 2020-01-01, when all units were authorised


def link_lines(stays: pd.DataFrame) -> list[bytes]:
    """HOSP-PMSI: both numbers of each stay."""
    block = Block(len(stays), fields_of("small_files", "HOSP-PMSI", "ex-DG", "header"))
    block.text("rss_id", rss_ids(stays))
    block.text("local_stay_id", stays.number)
    return block.rows()


def administrations(stays: pd.DataFrame) -> pd.DataFrame:
    """One row per drug given and paid beside the group: ``stay`` (place), UCD, day, thousandths of units and of euros.

    Most chemotherapies have one or two, a few of the longer stays one to three; a stay has a drug on a day only once.
    """
    salt = scatter(stays.person.to_numpy(dtype=np.int64) * 64 + stays.exit.to_numpy() * 7, 71)
    chemotherapy = stays.reason.isin(CHEMOTHERAPY).to_numpy()
    longer = ((stays.exit - stays.entry >= 2) & (stays.reason != NEWBORN)).to_numpy()
    counts = np.where(chemotherapy & chance(salt, 72, 0.85), 1 + salt % 2, 0)
    counts = np.where(longer & chance(salt, 73, 0.05), 1 + salt % 3, counts)
    stay, rank = turns(counts)
    table = code_list("hospital_drugs")
    place = np.where(
        chemotherapy[stay], *(pick(table, use, salt[stay] // 8 + rank) for use in ("chemotherapy", "other"))
    )
    drug = table.iloc[place].reset_index(drop=True)
    quantity = 1_000 * (1 + (salt[stay] // 64 + rank) % 4) + np.where(salt[stay] % 5 == 0, 500, 0)
    entry, exit_ = stays.entry.to_numpy()[stay], stays.exit.to_numpy()[stay]
    return pd.DataFrame({
        "stay": stay, "number": stays.number.to_numpy()[stay], "rank": rank, "day": np.minimum(entry + rank, exit_),
        "ucd7": drug.ucd7, "ucd13": drug.ucd13, "indication": drug.indication, "seven": salt[stay] % 10 == 3,
        "quantity": quantity, "amount": drug.price_euros.astype(np.int64) * quantity,
    })  # fmt: skip


def pick(table: pd.DataFrame, use: str, salt: "np.ndarray") -> "np.ndarray":
    """Places in the list of drugs, of one use."""
    able = np.flatnonzero(table.use == use)
    return able[salt % len(able)]


def drug_lines(given: pd.DataFrame, hospital: int) -> list[bytes]:
    """FICHCOMP: one line per administration, its drug by 13 or by 7 digits."""
    block = Block(len(given), fields_of("small_files", "FICHCOMP_MED", "2024-2026", "header"))
    block.text("finess_epmsi", finess(hospital))
    block.text("prestation_type", "06")
    block.text("local_stay_id", given.number)
    block.date("administration_date", given.day.to_numpy(dtype=np.int64))
    block.text("ucd_code", np.where(given.seven, given.ucd7, given.ucd13))
    block.number("quantity_x1000", given.quantity)
    block.number("amount_x1000", given.amount)
    block.text("indication_code", given.indication)
    return block.rows()


def units_used(units: pd.DataFrame) -> pd.DataFrame:
    """The units that the lines name, in order of first use: ``code``, ``exit`` of the first stay there, ``ghm``."""
    named = pd.DataFrame({"code": unit_codes(units), "exit": units.exit, "ghm": units.ghm})
    return named.drop_duplicates("code").reset_index(drop=True)


def unit_lines(used: pd.DataFrame, hospital: int) -> list[bytes]:
    """IUM: one line per unit used."""
    block = Block(len(used), fields_of("small_files", "IUM", "2024-2026", "header"))
    block.text("unit_id", used.code)
    block.text("finess_site", finess(hospital))
    block.text("authorisation_type", "01A")
    block.date("effective_date", np.full(len(used), OPENED))
    block.number("bed_count", 8 + np.arange(len(used)) * 7 % 30)
    block.text("hospitalisation_mode", np.where(used.ghm.str[:2] == "28", "P", "C"))
    return block.rows()
