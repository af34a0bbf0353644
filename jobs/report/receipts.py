"""A receipt per producer: its own rejects with file, place and rule, its missing lots. No value read, no identity."""

import csv
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from jobs.core.settings import Settings
from jobs.report.facts import intake_table, rule_words
from jobs.report.render import render_receipt

LOT_MISSING = "B2F-120"


def write_receipts(settings: Settings, facts: dict[str, Any], folder: Path) -> int:
    """Write ``receipts/<source>/<producer>.html`` and ``.csv`` for every producer that was read; returns how many."""
    written = 0
    for source in facts["sources"]:
        table = intake_table(settings, settings.standard / source["source"] / facts["night"] / "proposal.json")
        for producer in source["producers"]:
            if not producer["read"] or table is None:
                continue
            rows = flagged_rows(table, producer["producer"])
            target = folder / "receipts" / source["source"]
            target.mkdir(parents=True, exist_ok=True)
            codes = [code for row in rows for code in row["codes"]] + [LOT_MISSING] * bool(producer["missing_lots"])
            catalogue = {code: rule_words(code) for code in codes}
            page = render_receipt(facts["night"], source["source"], producer, rows, catalogue)
            (target / f"{producer['producer']}.html").write_text(page, encoding="utf-8")
            write_csv(target / f"{producer['producer']}.csv", rows, catalogue)
            written += 1
    return written


def flagged_rows(intake: Any, producer: str) -> list[dict[str, Any]]:
    """The producer's records with a rule or a warning, in the order of their place."""
    own = intake.filter(
        (pc.field("producer") == producer) & (pc.field("rule").is_valid() | pc.field("warnings").is_valid())
    ).sort_by([("delivery_id", "ascending"), ("file", "ascending"), ("record", "ascending")])
    rows = own.select(["delivery_id", "file", "record", "outcome", "rule", "warnings"]).to_pylist()
    return [
        {
            **row,
            "codes": ([row["rule"]] if row["rule"] else []) + (row["warnings"].split(",") if row["warnings"] else []),
        }
        for row in rows
    ]


def write_csv(path: Path, rows: list[dict[str, Any]], catalogue: dict[str, Any]) -> None:
    """The same list for a spreadsheet: semicolons and a byte order mark, as French desktops expect."""
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream, delimiter=";")
        writer.writerow(["delivery_id", "file", "record", "outcome", "rule", "titre", "remede", "title", "remedy"])
        for row in rows:
            for code in row["codes"]:
                words = catalogue[code]
                texts = [words[part][language] for language in ("fr", "en") for part in ("title", "remedy")]
                writer.writerow([row["delivery_id"], row["file"], row["record"], row["outcome"], code, *texts])
