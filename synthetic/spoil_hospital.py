"""What each fault of a hospital does to the bytes of a line; places come from the layouts."""

from datetime import datetime, timedelta

from synthetic.hospital import segment
from synthetic.layout import Field, fields_of

LISTING = b"*** FIN DE L'EDITION DU JOUR ***"
LONGER = b"0000000"
MARCH_35 = b"35032008"
OF_LINES = ("HOS-002", "HOS-010", "HOS-017", "TRIMMED", "TWICE")  # faults that are in no field
UNKNOWN_UNIT = b"ZZZ9"


def put(line: bytes, field: Field, text: bytes) -> bytes:
    """The line with ``text`` from the field's first position, at most as wide as the field."""
    text = text[: field.width]
    return line[: field.start - 1] + text + line[field.start - 1 + len(text) :]


def cut(line: bytes, field: Field) -> bytes:
    """A field's bytes."""
    return line[field.start - 1 : field.end]


def filled(field: Field, text: bytes) -> bytes:
    """Text with the blanks that fill its field."""
    return text.ljust(field.width)


def moved(date: bytes, days: int) -> bytes:
    """A DDMMYYYY date some days later."""
    return (datetime.strptime(date.decode(), "%d%m%Y") + timedelta(days=days)).strftime("%d%m%Y").encode()


def shifted(date: bytes, years: int) -> bytes:
    """A DDMMYYYY date some years later; the 29th of February becomes the 28th."""
    day_month = b"2802" if date[:4] == b"2902" else date[:4]
    return day_month + b"%04d" % (int(date[4:]) + years)


def dotted(code: bytes) -> bytes:
    """A diagnosis as clinicians write it, I501 as I50.1; a category without anything behind gets a dot all the same."""
    return code[:3] + b"." + code[3:]


def version_of(line: bytes) -> str:
    """The version of a stay line, grouped or not: both tell it at the same place."""
    return line[9:12].decode()


def first_act(line: bytes) -> dict[str, Field]:
    """Where the fields of a stay line's first act stand in the whole line."""
    version = version_of(line)
    header, act = segment(version, "header"), segment(version, "act_repeat")
    codes = int(cut(line, header["n_das"])) + int(cut(line, header["n_dad"]))
    before = max(f.end for f in header.values()) + 8 * codes
    return {name: Field(name, f.start + before, f.end + before, f.zeros) for name, f in act.items()}


def spoil_rss(line: bytes, code: str) -> bytes:
    """A stay line with one fault; a code that stands for no change of bytes gives the line back."""
    if code in OF_LINES:
        return whole(line, code)
    fields = segment(version_of(line), "header")
    entry, exit_ = cut(line, fields["unit_entry_date"]), cut(line, fields["unit_exit_date"])
    diagnosis = fields["principal_diagnosis"]
    if code in ("GRP-102", "GRP-185"):
        act = first_act(line)
        if code == "GRP-102":
            return put(line, act["act_date"], moved(exit_, 3))
        return put(line, act["pmsi_extension"], b"01 ")
    if code in ("HOS-001", "HOS-016"):
        ungrouped = version_of(line).startswith("0")
        return put(line, Field("version", 10, 12, False), unread_version(code, ungrouped))
    changed = {
        "HOS-003": ("birth_date", MARCH_35),
        "HOS-004": ("unit_exit_date", shifted(entry, -1)),
        "HOS-005": ("n_das", b"X2"),
        "HOS-006": ("birth_date", moved(entry, 1)),
        "HOS-040": ("unit_id", UNKNOWN_UNIT),
        "GRP-016": ("sex", b" "),
        "GRP-023": ("unit_entry_date", moved(entry, 1)),
        "GRP-025": ("unit_entry_mode", b"83"),
        "GRP-041": ("principal_diagnosis", filled(diagnosis, dotted(cut(line, diagnosis).rstrip()))),
        "GRP-081": ("residence_postcode", b"2A004"),
        "GRP-083": ("reserved", b"X"),
        "GRP-114": ("principal_diagnosis", filled(diagnosis, b"W190")),
        "GRP-190": ("unit_entry_mode", b"N "),
        "GRP-258": ("sex", b"3"),
    }
    name, text = changed[code]
    width = 2 if name == "unit_entry_mode" else fields[name].width  # the origin stands behind the mode
    return put(line, Field(name, fields[name].start, fields[name].start + width - 1, False), text)


def unread_version(code: str, ungrouped: bool) -> bytes:
    """A version that nobody knows, or one that is known and has no layout here."""
    if code == "HOS-001":
        return b"099" if ungrouped else b"199"
    return b"020" if ungrouped else b"120"


def whole(line: bytes, code: str) -> bytes:
    """Faults of a line as a whole."""
    if code == "HOS-002":
        return line + LONGER
    if code == "HOS-010":
        return LISTING
    return line.rstrip(b" ") if code == "TRIMMED" else line


def spoil_vid(line: bytes, code: str) -> bytes:
    """A VID-HOSP line with one fault."""
    fields = fields_of("vid_hosp", "VID-HOSP", line[48:52].decode(), "header")
    changed = {
        "HOS-001": ("vidhosp_format", b"V099"),
        "HOS-003": ("birth_date", MARCH_35),
        "HOS-005": ("n_dmt", b"X1"),
    }
    if code in changed:
        return put(line, fields[changed[code][0]], changed[code][1])
    if code == "IDE-001":
        own, holder = fields["individual_nir_key"], fields["insured_nir_key"]
        key = own if cut(line, own).strip() else holder
        return put(line, key, b"%02d" % (int(cut(line, key)) % 97 + 1))
    return whole(line, code)


def spoil_drug(line: bytes, code: str) -> bytes:
    """A FICHCOMP line with one fault."""
    fields = fields_of("small_files", "FICHCOMP_MED", "2024-2026", "header")
    changed = {
        "HOS-030": ("administration_date", moved(cut(line, fields["administration_date"]), -400)),
        "HOS-032": ("local_stay_id", b"Z"),
        "HOS-033": ("ucd_code", filled(fields["ucd_code"], b"3,40089E+12")),
        "HOS-034": ("quantity_x1000", b"0000001,50"),
    }
    return put(line, fields[changed[code][0]], changed[code][1]) if code in changed else line


def spoil_link(line: bytes, code: str) -> bytes:
    """A HOSP-PMSI line that ties the stay to the number of another one."""
    fields = fields_of("small_files", "HOSP-PMSI", "ex-DG", "header")
    return put(line, fields["rss_id"], b"X") if code == "HOS-035" else line
