"""Load a release of the public drug database (BDPM) as a dated list of presentations.

``python -m jobs.reference.bdpm --from FOLDER --valid-on 2026-07`` writes ``<root>/reference/cip13/2026-07.csv`` and a
report beside it. Earlier releases stay: a product that was withdrawn since is still known.
"""

import argparse
import csv
import io
import json
import re
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from jobs.core.cli import open_root
from jobs.core.errors import DataRefused, JobError
from jobs.core.settings import Settings
from jobs.core.snapshot import write_json
from jobs.reference.bdpm_files import BdpmFile, read_file, release_file

ATC_LEVELS = {1: "1", 3: "2", 4: "3", 5: "4", 7: "5"}  # by the length of the class
SOURCE = "Base de données publique des médicaments; licence: Licence Ouverte 2.0"
COLUMNS = (
    "code", "label_fr", "label_en", "valid_on", "source", "cis", "cip7", "atc", "atc_level", "declared_on", "rates",
    "price_eur", "public_price_eur", "fee_eur", "flags", "label_raw",
)  # fmt: skip


def main(argv: list[str] | None = None) -> int:
    """Load a release from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m jobs.reference.bdpm", description=__doc__)
    parser.add_argument("--from", dest="folder", required=True, type=Path, help="folder with the files of the release")
    parser.add_argument("--valid-on", required=True, type=month_or_day, help="YYYY-MM or YYYY-MM-DD of the release")
    arguments = parser.parse_args(argv)
    try:
        settings = open_root()
        report = load_release(settings, arguments.folder, arguments.valid_on)
    except JobError as error:
        print(f"reference bdpm: {error}", file=sys.stderr)
        return error.exit_code
    print(json.dumps({"stage": "reference", "list": "cip13", **{k: v for k, v in report.items() if k != "files"}}))
    return 0


def month_or_day(text: str) -> str:
    """A month or a day in ISO form."""
    date.fromisoformat(text if len(text) == 10 else f"{text}-01")
    return text


def load_release(settings: Settings, folder: Path, valid_on: str) -> dict[str, Any]:
    """Write the presentations of a release and return its report. Raises DataRefused without CIS_CIP_bdpm."""
    names = ("CIS_CIP_bdpm", "CIS_bdpm", "CIS_MITM")
    paths = {name: release_file(folder, name, valid_on) for name in names}
    files = {name: read_file(path, name) for name, path in paths.items() if path is not None}
    if "CIS_CIP_bdpm" not in files:
        raise DataRefused(f"no CIS_CIP_bdpm file of {valid_on} or before in that folder.")
    rows, refused = presentations(files, valid_on)
    target = settings.root / "reference" / "cip13"
    target.mkdir(parents=True, exist_ok=True)
    report = {
        "valid_on": valid_on,
        "presentations": len(rows),
        "refused_codes": refused,
        "ragged": sum(len(file.ragged) for file in files.values()),
        "flagged": sum(1 for row in rows if row["flags"]),
        "files": [file.report() for _, file in sorted(files.items())],
    }
    write_text(target / f"{valid_on}.csv", to_csv(rows))
    write_json(target / f"{valid_on}.report.json", report)
    return report


def write_text(path: Path, text: str) -> None:
    """Replace a file whole."""
    draft = path.with_name(f".{path.name}.draft")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def to_csv(rows: list[dict[str, str]]) -> str:
    """Rows as CSV, in the order of their codes."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(sorted(rows, key=lambda row: row["code"]))
    return stream.getvalue()


def presentations(files: dict[str, BdpmFile], valid_on: str) -> tuple[list[dict[str, str]], int]:
    """One row per CIP13, and how many rows had a code that is none or came twice."""
    names = {row[0]: row[1] for row in files["CIS_bdpm"].rows} if "CIS_bdpm" in files else {}
    classes = atc_classes(files.get("CIS_MITM"))
    found: dict[str, dict[str, str]] = {}
    refused = 0
    for row in files["CIS_CIP_bdpm"].rows:
        code = row[6]
        if code in found or not is_cip13(code):
            refused += 1
            continue
        found[code] = presentation(row, names, classes) | {"valid_on": valid_on, "source": SOURCE}
    return list(found.values()), refused


def presentation(row: list[str], names: dict[str, str], classes: dict[str, str]) -> dict[str, str]:
    """One presentation from its row: what is odd is flagged, never guessed."""
    cis, cip7, label, _, _, declared, code, _, rates, price, public_price, fee, _ = row
    flags = [] if cis in names else ["speciality_unknown"]
    declared_on = iso_date(declared)
    if declared and not declared_on:
        flags.append("declaration_date")
    values = {"price_eur": decimal(price), "public_price_eur": decimal(public_price), "fee_eur": decimal(fee)}
    for name, text in (("price_eur", price), ("public_price_eur", public_price), ("fee_eur", fee)):
        if text.strip() and not values[name]:
            flags.append(name)
    percent = rate_list(rates)
    if rates.strip() and not percent:
        flags.append("rates")
    parts = [part for part in (names.get(cis, ""), label) if part.strip()]
    title, raw = (" · ".join(each) for each in ([clean_text(part) for part in parts], parts))
    atc = classes.get(cis, "")
    return {
        "code": code, "label_fr": title, "label_en": "", "cis": cis, "cip7": cip7, "atc": atc,
        "atc_level": atc_levels(atc), "declared_on": declared_on, "rates": percent, "flags": ";".join(flags),
        "label_raw": raw if raw != title else "", **values,
    }  # fmt: skip


def atc_classes(file: BdpmFile | None) -> dict[str, str]:
    """ATC classes by CIS, several joined by a semicolon."""
    found: dict[str, set[str]] = {}
    for row in file.rows if file else []:
        found.setdefault(row[0], set()).add(row[1])
    return {cis: ";".join(sorted(classes)) for cis, classes in found.items()}


def atc_levels(classes: str) -> str:
    """The level, 1 to 5, of each of some classes joined by semicolons; empty for what has the length of no level."""
    return ";".join(ATC_LEVELS.get(len(one), "") for one in classes.split(";")) if classes else ""


def is_cip13(code: str) -> bool:
    """Thirteen digits that begin with 34009 and end with their GTIN key."""
    if not re.fullmatch(r"34009\d{8}", code):
        return False
    total = sum(int(digit) * (3 if rank % 2 else 1) for rank, digit in enumerate(code[:12]))
    return int(code[12]) == -total % 10


def iso_date(text: str) -> str:
    """A dd/mm/yyyy date in ISO form; empty when it is none, or in a year that no presentation was declared in."""
    match = re.fullmatch(r"(\d{2})/(\d{2})/(\d{4})", text)
    if not match or not 1900 <= int(match[3]) <= 2100:
        return ""
    try:
        return date(int(match[3]), int(match[2]), int(match[1])).isoformat()
    except ValueError:
        return ""


def decimal(text: str) -> str:
    """An amount with two decimals: the last comma is the decimal one (``1,466,29`` is 1466.29); else empty."""
    bare = text.strip()
    if not re.fullmatch(r"\d{1,3}(,\d{3})*,\d{2}|\d+(,\d{1,2})?", bare):
        return ""
    whole, _, cents = bare.rpartition(",") if "," in bare else (bare, "", "")
    return str(Decimal(f"{whole.replace(',', '')}.{cents or '0'}").quantize(Decimal("0.01")))


def rate_list(text: str) -> str:
    """Rates in percent (``65%``, ``65 %``), several joined by a semicolon; empty when one is no rate."""
    parts = [re.sub(r"[\s\u00a0]*%$", "", part.strip()) for part in text.split(";")]
    return ";".join(parts) if all(re.fullmatch(r"\d{1,3}", part) for part in parts) else ""


def clean_text(text: str) -> str:
    """A label without markup, with an apostrophe where the export printed an inverted question mark."""
    return re.sub(r"\s+", " ", re.sub(r"<br */?>", " ", text)).replace("¿", "'").strip()


if __name__ == "__main__":
    sys.exit(main())
