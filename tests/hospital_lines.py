"""Lines of hospital files from a few fields; everything else is a plausible constant or blank."""

from jobs.standardise.layouts import load_layouts

FINESS = "990000010"
RSS = {
    "fg_version": "11", "ghm_cmd": "05", "ghm_suffix": "M09", "fg_return_code": "000", "finess_epmsi": FINESS,
    "rss_id": "1", "rum_id": "1", "birth_date": "14021948", "sex": "1", "unit_id": "CARD",
    "unit_entry_date": "02022026", "unit_entry_mode": "8", "unit_exit_date": "05022026", "unit_exit_mode": "8",
    "residence_postcode": "01100",
    "session_count": "00", "principal_diagnosis": "I501", "unscheduled": "2",
}  # fmt: skip
VID = {
    "insured_nir": "1480299999001", "insured_nir_key": "03", "birth_date": "14021948", "sex": "1",
    "finess_epmsi": FINESS, "stay_entry_date": "02022026", "stay_exit_date": "05022026", "amo_status": "1",
    "n_dmt": "00",
}  # fmt: skip


BORN = {
    "unit_entry_mode": "N",
    "newborn_weight_g": "3200",
    "gestational_age_weeks": "39",
    "principal_diagnosis": "Z380",
}


def rss(
    stay: str, *, version: str = "123", das: tuple[str, ...] = (), acts: tuple[str, ...] = (), **fields: str
) -> bytes:
    """A grouped stay line."""
    counts = {"n_das": f"{len(das):02d}", "n_dad": "00", "n_acts": f"{len(acts):03d}"}
    own = {"rss_format": version, "rum_format": "0" + version[1:], "local_stay_id": stay} | counts
    blocks = [("da_repeat", {"associated_diagnosis": code}) for code in das]
    done = {"act_date": "02022026", "activity": "1", "execution_count": "01"}
    blocks += [("act_repeat", done | {"ccam_code": act}) for act in acts]
    return line("rss", version, RSS | own | fields, blocks)


def vid(stay: str, *, version: str = "V015", **fields: str) -> bytes:
    """An identity line."""
    return line("vid_hosp", version, VID | {"vidhosp_format": version, "local_stay_id": stay} | fields, [])


def rum(stay: str, *, version: str = "023", das: tuple[str, ...] = (), **fields: str) -> bytes:
    """An ungrouped stay line."""
    own = {"rum_format": version, "local_stay_id": stay, "n_das": f"{len(das):02d}", "n_dad": "00", "n_acts": "000"}
    grouped = ("fg_version", "ghm_cmd", "ghm_suffix", "fg_return_code")
    same = {name: text for name, text in RSS.items() if name not in grouped}
    return line("rum", version, same | own | fields, [("da_repeat", {"associated_diagnosis": code}) for code in das])


def drug(stay: str, **fields: str) -> bytes:
    """A line of the drug file."""
    own = {
        "finess_epmsi": FINESS, "prestation_type": "06", "local_stay_id": stay, "administration_date": "03022026",
        "ucd_code": "3400891701692", "quantity_x1000": "0000001000", "amount_x1000": "0000095000",
        "indication_code": "I000114",
    }  # fmt: skip
    return line("drug", "2024-2026", own | fields, [])


def unit(code: str, **fields: str) -> bytes:
    """A line of the unit file."""
    own = {
        "unit_id": code, "finess_site": FINESS, "authorisation_type": "01A", "effective_date": "01012026",
        "bed_count": "012", "hospitalisation_mode": "C",
    }  # fmt: skip
    return line("unit", "2024-2026", own | fields, [])


def link(rss_id: str, stay: str) -> bytes:
    """A line of the HOSP-PMSI file."""
    return line("link", "ex-DG", {"rss_id": rss_id, "local_stay_id": stay}, [])


def line(kind: str, version: str, fields: dict[str, str], blocks: list[tuple[str, dict[str, str]]]) -> bytes:
    """Fields put at the places that the layout gives them."""
    layout = load_layouts("hospital")[kind].layouts[version]
    parts = [placed(layout.length, {layout.header[name]: text for name, text in fields.items()})]
    for name, content in blocks:
        block = next(one for one in layout.blocks if one.name == name)
        parts.append(placed(block.length, {block.fields[field]: text for field, text in content.items()}))
    return "".join(parts).encode("cp1252")


def placed(length: int, fields: dict) -> str:
    """A run of blanks with texts at their places."""
    text = [" "] * length
    for cut, value in fields.items():
        text[cut.start - 1 : cut.start - 1 + cut.length] = value[: cut.length].ljust(cut.length)
    return "".join(text)


def file_of(*lines: bytes, end: bytes = b"\r\n") -> bytes:
    """A file of some lines."""
    return b"".join(one + end for one in lines)
