"""A hospital's billing file (VID-HOSP): whose number pays, who the patient is, the amounts; one line per stay."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from synthetic.draws import Ints, chance, scatter
from synthetic.hospital import patient_number
from synthetic.layout import Block, fields_of
from synthetic.life import Identities
from synthetic.nir import finess
from synthetic.people import Population
from synthetic.stays import NEWBORN

VID = "vid-hosp.txt"
DOCTORS = np.array(["", "", "Inventé-Éluard", "Imaginé", "Rêvé", "Supposé"])  # declared doctors: nobody


def vid_version(hospital: int) -> str:
    """VID-HOSP version by hospital."""
    return ("V015", "V014", "V016", "V015", "V015")[hospital % 5]


def vid_lines(people: Population, stays: pd.DataFrame, hospital: int, told: Identities | None = None) -> list[bytes]:
    """One line per stay: whose number pays, who the patient is (the truth unless ``told`` otherwise), the amounts."""
    version, who = vid_version(hospital), stays.person.to_numpy()
    block = Block(len(stays), fields_of("vid_hosp", "VID-HOSP", version, "header"))
    identity(people, stays, block, told)
    block.text("vidhosp_format", version)
    block.text("finess_epmsi", finess(hospital))
    block.text("patient_ipp", patient_number(who, hospital))
    nights = (stays.exit - stays.entry).to_numpy()
    base = 45_000 + nights * 38_000
    block.number("amount_reimbursement_base", base)
    block.number("amount_reimbursable_amo", base * 80 // 100)
    block.number("amount_daily_fee", nights * 2_000)
    block.number("amount_copay", base * 20 // 100)
    block.number("reimbursement_rate", 8_000)
    block.number("visit_count", 0)
    for name in ("amount_care_path_surcharge", "amount_reimbursable_amc", "amount_patient"):
        block.number(name, 0)
    for name, code in (("copay_exemption_reason", "0"), ("insurance_nature", "10"), ("billable_to_insurance", "1"),
                       ("flat_fee_billed", "0"), ("amo_rejection_count", "0"), ("amo_status", "1"), ("amc_status", "1"),
                       ("patient_status", "1"), ("scheme_code", "01"), ("beneficiary_rank", "000")):  # fmt: skip
        block.text(name, code)
    block.text("mother_local_stay_id", stays.mother_number)
    block.text("newborn_with_mother", np.where(stays.mother_number != "", "1", ""))
    for name in ("hospitalisation_date", "stay_entry_date"):
        block.date(name, stays.entry.to_numpy())
    block.date("stay_exit_date", stays.exit.to_numpy())
    block.text("gp_last_name", DOCTORS[scatter(who, 56) % len(DOCTORS)])
    return with_disciplines(block, stays, version)


def identity(people: Population, stays: pd.DataFrame, block: Block, told: Identities | None) -> None:
    """Holder's number, own number and INS as far as the hospital knows them, birth, sex and rank among twins."""
    who, number, known = stays.person.to_numpy(), people.number, numbers_known(people, stays, told)
    for name, whose, knows in (("insured_nir", known.holder, True), ("individual_nir", who, known.own)):
        block.text(name, np.where(knows, number[whose], ""))
        block.text(f"{name}_key", np.where(knows, people.key[whose], ""))
    block.text("ins_matricule", np.where(known.ins, np.char.add(number, people.key)[who], ""))
    block.date("birth_date", people.birth[who] if told is None else told.birth)
    block.number("sex", people.sex[who])
    block.text("local_stay_id", stays.number)
    block.number("birth_rank", people.birth_rank[who])


class Known(NamedTuple):
    """Per stay: the person under whose number it is billed, and whether the patient's own number and INS are known."""

    holder: Ints
    own: "np.ndarray"
    ins: "np.ndarray"


def numbers_known(people: Population, stays: pd.DataFrame, told: Identities | None) -> Known:
    """Which numbers the hospital knows of the patients of these stays."""
    who, newborn = stays.person.to_numpy(), (stays.reason == NEWBORN).to_numpy()
    holder = np.where(newborn, people.mother[who], people.guardian(stays.exit.to_numpy(), who))
    dependant = chance(who, 51, 0.04) & (people.spouse[who] >= 0) & (holder == who)
    holder = np.where(dependant, people.spouse[who], holder)
    sure = np.zeros(len(who), dtype=np.int64) if told is None else told.own
    own = np.where(newborn, chance(who, 52, 0.05), chance(who, 53, 0.8))
    ins = np.where(newborn, chance(who, 54, 0.1), chance(who, 55, 0.85))
    return Known(holder, (sure > 0) | (sure == 0) & own, (sure > 0) | (sure == 0) & ins)


def with_disciplines(block: Block, stays: pd.DataFrame, version: str) -> list[bytes]:
    """Complete the lines: about a third carry one discipline zone behind the fixed part."""
    has = chance(stays.person.to_numpy() + stays.exit.to_numpy(), 61, 0.33)
    block.number("n_dmt", has.astype(np.int64))
    zone = Block(len(stays), fields_of("vid_hosp", "VID-HOSP", version, "dmt_repeat"))
    zone.text("discipline", "104")
    zone.text("treatment_mode", "03")
    zone.date("segment_start_date", stays.entry.to_numpy())
    zone.date("segment_end_date", stays.exit.to_numpy())
    for name in zone.fields:
        if zone.fields[name].zeros:
            zone.number(name, 0)
    return [row + extra if more else row for row, extra, more in zip(block.rows(), zone.rows(), has, strict=True)]
