"""Load a release of a code list as a dated reference table.

``python -m jobs.reference.nomenclature --list ccam --file ccam.csv --valid-on 2026-01 --source "ATIH 2026"`` writes
``<root>/reference/ccam/2026-01.csv`` and a report beside it. Earlier releases stay. One fault refuses the whole file.
"""

import argparse
import csv
import hashlib
import io
import json
import os
import sys
from pathlib import Path
from typing import Any

from jobs.core.cli import open_root
from jobs.core.errors import ConfigError, DataRefused, JobError
from jobs.core.settings import Settings
from jobs.core.snapshot import sync, write_json
from jobs.reference.bdpm import month_or_day
from jobs.reference.declared import CodeList, code_list
from jobs.reference.lists import COLUMNS, Row, releases
from jobs.reference.strict import read_list

SHOWN = 10  # faults in full; the rest are counted


def main(argv: list[str] | None = None) -> int:
    """Load a release from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m jobs.reference.nomenclature", description=__doc__)
    parser.add_argument("--list", dest="name", required=True, help="a list of schemas/codes/index.json")
    parser.add_argument("--file", required=True, type=Path, help="CSV with the header that the list declares")
    parser.add_argument("--valid-on", required=True, type=month_or_day, help="YYYY-MM or YYYY-MM-DD of the release")
    parser.add_argument("--source", required=True, help="where the release comes from, with its licence")
    parser.add_argument("--dry-run", action="store_true", help="check and tell, write nothing")
    arguments = parser.parse_args(argv)
    try:
        settings = open_root()
        report = load_release(
            settings, arguments.name, arguments.file, arguments.valid_on, arguments.source, dry_run=arguments.dry_run
        )
    except JobError as error:
        for line in str(error).splitlines():
            print(f"reference {arguments.name}: {line}", file=sys.stderr)
        return error.exit_code
    print(json.dumps({"stage": "reference", **report}))
    return 0


def load_release(
    settings: Settings, name: str, file: Path, valid_on: str, source: str, *, dry_run: bool = False
) -> dict[str, Any]:
    """Check a file and write it as the release of a date; returns the report.

    A release of the same date is replaced; the same rows again write the same bytes. Raises ConfigError for an unknown
    list, an unreadable file or an empty source, DataRefused with one line per fault for a file that is not the list's.
    """
    about = code_list(name)
    if not source.strip():
        raise ConfigError("--source is empty: a release without its origin cannot be judged later.")
    try:
        data = file.read_bytes()
    except OSError as error:
        raise ConfigError(f"the file cannot be read ({type(error).__name__}).") from None
    read = read_list(data, about)
    if read.faults:
        raise DataRefused(told(read.faults))
    rows = [{**row, "valid_on": valid_on, "source": " ".join(source.split())} for row in read.rows]
    target = settings.root / "reference" / name / f"{valid_on}.csv"
    text = to_csv(rows, about)
    before = target.read_text(encoding="utf-8") if target.exists() else None
    report = {
        "list": name,
        "valid_on": valid_on,
        "outcome": "loaded" if before is None else "unchanged" if before == text else "replaced",
        "rows": len(rows),
        "encoding": read.encoding,
        "sha256": hashlib.sha256(data).hexdigest(),
        **compared(settings, about, rows, valid_on),
    }
    if not dry_run:
        target.parent.mkdir(parents=True, exist_ok=True)
        if before != text:
            replace_text(target, text)
        write_json(target.with_name(f"{valid_on}.report.json"), report | {"outcome": "loaded"})
    return report | {"dry_run": dry_run}


def told(faults: list[tuple[int, str]]) -> str:
    """The first faults in full, one a line, and how many there are."""
    lines = [f"line {line}: {fault}." for line, fault in sorted(faults)[:SHOWN]]
    return "\n".join([*lines, f"{len(faults)} fault{'s' * (len(faults) > 1)}, nothing was loaded."])


def compared(settings: Settings, about: CodeList, rows: list[Row], valid_on: str) -> dict[str, int]:
    """How the codes differ from the newest release of another date: a much smaller file is worth a second look."""
    others = [release for release in releases(settings, about.name) if release and release[0]["valid_on"] != valid_on]
    known = {row["code"] for row in others[-1]} if others else set()
    here = {row["code"] for row in rows}
    return {"codes_added": len(here - known), "codes_no_longer_named": len(known - here)}


def to_csv(rows: list[Row], about: CodeList) -> str:
    """Rows as CSV, in the order of their key."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, (*COLUMNS, *about.column_names), lineterminator="\n")
    writer.writeheader()
    writer.writerows(sorted(rows, key=lambda row: tuple(row.get(part) or "" for part in about.key)))
    return stream.getvalue()


def replace_text(path: Path, text: str) -> None:
    """Replace a file whole: readers see the old one or the new one, also after a power cut."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(text, encoding="utf-8")
    sync(draft)
    draft.replace(path)
    sync(path.parent)


if __name__ == "__main__":
    sys.exit(main())
