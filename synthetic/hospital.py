"""A hospital's two files, as it transmits them: grouped stays (RSS) and the billing file that identifies (VID-HOSP)."""

import numpy as np
import pandas as pd

from synthetic.draws import Ints, chance, scatter
from synthetic.layout import Block, fields_of
from synthetic.nir import finess
from synthetic.people import Population
from synthetic.stays import NEWBORN, Sizes, code_list

RSS, VID = "rss.txt", "vid-hosp.txt"
HEADER = {"121": 192, "122": 192, "123": 205}


def rss_version(hospital: int, exit_day: Ints) -> "np.ndarray":
    """Line version by hospital: most write 123, some still 122, every fourth mixes them by the day of exit."""
    kind = hospital % 4
    if kind == 1:
        return np.full(len(exit_day), "122")
    return np.where((exit_day % 3 == 0) & (kind == 3), "122", "123")


def vid_version(hospital: int) -> str:
    """VID-HOSP version by hospital."""
    return ("V015", "V014", "V016", "V015", "V015")[hospital % 5]


def unit_stays(stays: pd.DataFrame) -> pd.DataFrame:
    """One row per unit of each stay: ``rank``, dates and modes, the inner ones being transfers between units."""
    table = stays.loc[stays.index.repeat(stays.units)].copy()
    table["rank"] = table.groupby(level=0).cumcount()
    nights = (table.exit - table.entry).to_numpy()
    units, rank = table.units.to_numpy(), table["rank"].to_numpy()
    table["unit_entry"] = table.entry + nights * rank // units
    table["unit_exit"] = table.entry + nights * (rank + 1) // units
    first, last = rank == 0, rank == units - 1
    table["entry_mode"] = np.where(first, np.where(table.reason == NEWBORN, "N", "8"), "6")
    table["entry_origin"] = np.where(first, "", "1")
    table["exit_mode"] = np.where(last, np.where(table.died, "9", "8"), "6")
    table["exit_destination"] = np.where(last, "", "1")
    return table.reset_index(names="stay")


def rss_lines(sizes: Sizes, people: Population, stays: pd.DataFrame, hospital: int) -> tuple[list[bytes], pd.DataFrame]:
    """The lines of one hospital and, beside them, the stay and unit rank that each tells of."""
    units = unit_stays(stays)
    version = rss_version(hospital, units.exit.to_numpy())
    lines = np.empty(len(units), dtype=object)
    for which in ("122", "123"):
        rows = np.flatnonzero(version == which)
        lines[rows] = encode(sizes, people, units.iloc[rows].reset_index(drop=True), hospital, which)
    return list(lines), units.assign(version=version)


def encode(sizes: Sizes, people: Population, units: pd.DataFrame, hospital: int, version: str) -> list[bytes]:
    """Lines of one version: the header, then associated diagnoses, documentary data and acts."""
    salt = scatter(units.person.to_numpy() * 64 + units["rank"].to_numpy() + units.exit.to_numpy() * 7, 41)
    diagnoses = np.where(units.reason == NEWBORN, 0, salt % 5)
    documentary = np.where(salt % 17 == 0, 1, 0)
    acts = np.array([len(text.split()) for text in units.procedures], dtype=np.int64) + np.where(salt % 7 == 0, 1, 0)
    header = header_block(people, units, hospital, version)
    header.number("n_das", diagnoses)
    header.number("n_dad", documentary)
    header.number("n_acts", acts)
    das = repeated(
        version,
        "da_repeat",
        "associated_diagnosis",
        code_list("associated_diagnoses"),
        salt,
        int(diagnoses.max(initial=0)),
    )
    dads = repeated(version, "dad_repeat", "documentary_data", code_list("associated_diagnoses"), salt + 5, 1)
    zones = act_zones(units, version, salt, acts)
    ends = np.cumsum(acts)
    return [
        row + b"".join(d[i] for d in das[: diagnoses[i]]) + b"".join(d[i] for d in dads[: documentary[i]])
        + b"".join(zones[ends[i] - acts[i] : ends[i]])
        for i, row in enumerate(header.rows())
    ]  # fmt: skip


def header_block(people: Population, units: pd.DataFrame, hospital: int, version: str) -> Block:
    """The fixed part of the lines."""
    block = Block(len(units), fields_of("rss_rum", "RSS_GROUPED", version, "header"))
    who, first = units.person.to_numpy(), units["rank"].to_numpy() == 0
    block.text("fg_version", "11")
    block.text("ghm_cmd", units.ghm.str[:2])
    block.text("ghm_suffix", units.ghm.str[2:])
    block.text("rss_format", version)
    block.text("fg_return_code", "000")
    block.text("finess_epmsi", finess(hospital))
    block.text("rum_format", "0" + version[1:])
    block.text("rss_id", "R" + units.number.str[1:])
    block.text("local_stay_id", units.number)
    block.number("rum_id", units["rank"] + 1)
    block.date("birth_date", people.birth[who])
    block.number("sex", people.sex[who])
    block.text("unit_id", unit_codes(units))
    block.text("bed_authorisation", np.where(units.principal == "Z515", "08", ""))
    block.date("unit_entry_date", units.unit_entry.to_numpy())
    block.text("unit_entry_mode", units.entry_mode)
    block.text("unit_entry_origin", units.entry_origin)
    block.date("unit_exit_date", units.unit_exit.to_numpy())
    block.text("unit_exit_mode", units.exit_mode)
    block.text("unit_exit_destination", units.exit_destination)
    block.text("residence_postcode", people.residence_at(units.entry.to_numpy(), who))
    newborn = (units.reason == NEWBORN).to_numpy()
    block.number("newborn_weight_g", np.where(newborn & first, 2400 + scatter(who, 42) % 1900, 0))
    block.number("gestational_age_weeks", np.where(newborn & first, 36 + scatter(who, 43) % 6, 0))
    block.number("session_count", units.sessions)
    block.text("principal_diagnosis", units.principal)
    block.text("related_diagnosis", units.related)
    block.number("igs2", np.where(units["rank"] > 0, 15 + scatter(who, 44) % 60, 0))
    block.text("unscheduled", np.where(units.entry_mode == "8", np.where(chance(who, 45, 0.4), "1", "2"), ""))
    return block


def unit_codes(units: pd.DataFrame) -> "np.ndarray":
    """Four characters: a speciality from the major category of the stay, and the rank of the unit."""
    return (units.ghm.str[:2] + "U" + (units["rank"] + 1).astype(str)).to_numpy(dtype=str)


def repeated(version: str, segment: str, field: str, codes: "np.ndarray", salt: Ints, most: int) -> list[list[bytes]]:
    """For each repetition up to ``most``: the zone of every line, with codes that never repeat in a line."""
    fields = fields_of("rss_rum", "RSS_GROUPED", version, segment)
    result = []
    for rank in range(most):
        block = Block(len(salt), fields)
        block.text(field, codes[(salt + rank * 31) % len(codes)])
        result.append(block.rows())
    return result


def act_zones(units: pd.DataFrame, version: str, salt: Ints, acts: Ints) -> list[bytes]:
    """All act zones, line after line."""
    rows = np.repeat(np.arange(len(units)), acts)
    rank = np.arange(len(rows)) - np.repeat(np.cumsum(acts) - acts, acts)
    own = [text.split() for text in units.procedures]
    extra = code_list("procedures")
    codes = [own[i][j] if j < len(own[i]) else extra[salt[i] % len(extra)] for i, j in zip(rows, rank, strict=True)]
    block = Block(len(rows), fields_of("rss_rum", "RSS_GROUPED", version, "act_repeat"))
    entry, exit_ = units.unit_entry.to_numpy()[rows], units.unit_exit.to_numpy()[rows]
    block.date("act_date", np.minimum(entry + rank, exit_))
    block.text("ccam_code", np.array(codes, dtype=str) if codes else "")
    block.text("phase", "0")
    block.text("activity", "1")
    block.number("execution_count", 1)
    return block.rows()


def patient_number(person: Ints, hospital: int) -> "np.ndarray":
    """The permanent number of a person in one hospital (IPP); another hospital gives another."""
    number = ((person + 1) * 48_271 + (hospital + 1) * 7_368_787) % 100_000_007
    return np.char.add("IPP", np.char.zfill(number.astype(str), 9))


def vid_lines(sizes: Sizes, people: Population, stays: pd.DataFrame, hospital: int) -> list[bytes]:
    """One line per stay: whose number pays, who the patient is, the amounts."""
    version, who = vid_version(hospital), stays.person.to_numpy()
    block = Block(len(stays), fields_of("vid_hosp", "VID-HOSP", version, "header"))
    identity(sizes, people, stays, block)
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
    return with_disciplines(block, stays, version)


def identity(sizes: Sizes, people: Population, stays: pd.DataFrame, block: Block) -> None:
    """Holder's number, own number and INS as far as the hospital knows them, birth, sex and rank among twins."""
    who, exit_ = stays.person.to_numpy(), stays.exit.to_numpy()
    number, key = people.number, people.key
    newborn = (stays.reason == NEWBORN).to_numpy()
    holder = np.where(newborn, people.mother[who], people.guardian(exit_, who))
    dependant = chance(who, 51, 0.04) & (people.spouse[who] >= 0) & (holder == who)
    holder = np.where(dependant, people.spouse[who], holder)
    block.text("insured_nir", number[holder])
    block.text("insured_nir_key", key[holder])
    knows_own = np.where(newborn, chance(who, 52, 0.05), chance(who, 53, 0.8))
    block.text("individual_nir", np.where(knows_own, number[who], ""))
    block.text("individual_nir_key", np.where(knows_own, key[who], ""))
    knows_ins = np.where(newborn, chance(who, 54, 0.1), chance(who, 55, 0.85))
    block.text("ins_matricule", np.where(knows_ins, np.char.add(number, key)[who], ""))
    block.date("birth_date", people.birth[who])
    block.number("sex", people.sex[who])
    block.text("local_stay_id", stays.number)
    block.number("birth_rank", people.birth_rank[who])


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
