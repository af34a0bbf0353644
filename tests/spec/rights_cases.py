"""Two invented people in every zone, by hand: anna, who asks for a right, and bob, who must stay as he is."""

import json
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.assemble.run import assemble
from jobs.core.settings import Settings
from jobs.core.snapshot import read_json, tables_from_json, write_json
from jobs.gate.run import balance, base_tables
from jobs.identifiers.nir import python_expected_key
from jobs.link.inputs import states_of
from jobs.link.run import link
from jobs.pseudonymise.run import pseudonymise
from jobs.release.publish import release
from jobs.rights.__main__ import main
from tests.spec.link_cases import claim, number, subject
from tests.spec.national_cases import Rows, close, store

FIRST, SECOND, THIRD = "2026-11-22", "2026-11-23", "2026-11-24"
ANNA, BOB = ("1980-03-14", "2"), ("1975-06-02", "1")
NUMBER = {"anna": number(2, ANNA[0]), "bob": number(1, BOB[0])}
WAITING = "8" + NUMBER["anna"][1:5] + "75999002"  # the number she had before her own
BOX = "3400935955838"
STAYS = {("anna", "2026-10"): "1", ("anna", "2026-11"): "2", ("bob", "2026-11"): "3"}
PLACE = {"delivery_id": "d1", "file": "f", "record": 1}


def with_key(thirteen: str) -> str:
    """A number with its key."""
    return f"{thirteen}{python_expected_key(thirteen):02d}"


def claims(source: str) -> Rows:
    """Hospital and pharmacy know both by their numbers, the record knows anna by her INS and by an older one."""
    letter = {"hospital": "H1", "pharmacy": "P1", "shared_record": "D1"}[source]
    role = {"hospital": "own_nir", "pharmacy": "own_nir", "shared_record": "ins"}[source]
    people = (("anna", ANNA), ("bob", BOB)) if source != "shared_record" else (("anna", ANNA),)
    told = [claim(f"{letter}:{who}", *born, given=who.title(), **{role: NUMBER[who]}) for who, born in people]
    waiting = [claim("D1:anna", *ANNA, given="Anna", ins=WAITING)] if source == "shared_record" else []
    return told + waiting


def stay(who: str, month: str) -> dict[str, Any]:
    day = date.fromisoformat(f"{month}-05")
    row = {"producer": "H1", "period": month, "subject_id": subject(f"H1:{who}"), "stay_id": STAYS[who, month] * 32}
    row |= {"entry_date": day, "exit_date": day, "length_of_stay": 0, "age_years": 46, "sex": "2"}
    row |= {"valued": True, "covid": False, "covid_confirmed": False, "provisional": False}
    return row | {"line_version": "123", "unit_count": 1} | PLACE


def told(who: str, month: str) -> dict[str, Any]:
    """The line that a stay is made of."""
    row = {"producer": "H1", "period": month, "subject_id": subject(f"H1:{who}"), "stay_id": STAYS[who, month] * 32}
    return row | {"kind": "rss", "line_id": "9" * 32, "key_id": "8" * 32, "provisional": False} | PLACE


def change(who: str, month: str) -> dict[str, Any]:
    row = {"producer": "H1", "period": month, "stay_id": STAYS[who, month] * 32, "change": "new", "delivery": "d1"}
    return row | {"night": date.fromisoformat(FIRST), "lines_added": 1, "lines_removed": 0}


def sale(who: str, month: str = "2026-11", **more: Any) -> dict[str, Any]:
    token = "a" if who == "anna" else "b"
    row = {"producer": "P1", "period": month, "subject_id": subject(f"P1:{who}"), "dispensation_id": token * 32}
    row |= {"ticket_id": token * 32, "event_type": "sale", "feed": "extract", "dispensed_on": date(2026, 11, 6)}
    row |= {"code_class": "drug", "cip13": BOX, "code_known": True, "quantity": 1, "unit": "box"}
    row |= {"amount_base": Decimal("2.18"), "amount_insurance": Decimal("1.41"), "pharmacy_id": "c" * 32}
    return row | {"possible_duplicate": False} | PLACE | more


def paid() -> dict[str, Any]:
    row = {"producer": "CNAM1", "period": "2026-11", "pharmacy_id": "c" * 32, "cip13": BOX, "unit": "box"}
    row |= {"quantity": 2, "unit_price": Decimal("2.18"), "counts_boxes": True, "beneficiary_id": "e" * 32}
    return row | {"claim_id": "e" * 32, "claim_line_id": "e" * 32} | PLACE


def document(who: str) -> dict[str, Any]:
    row = {"producer": "D1", "period": "2026-11", "subject_id": subject(f"D1:{who}"), "document_id": "7" * 32}
    return row | {"level": 1, "carrier": "cda", "result_count": 0} | PLACE


def rows_of_night(more: Sequence[dict[str, Any]] = ()) -> dict[str, dict[str, Rows]]:
    """Standard rows by source and table."""
    return {
        "hospital": {
            "hospital_stay": [stay(*one) for one in STAYS],
            "hospital_line": [told(*one) for one in STAYS],
            "hospital_stay_change": [change(*one) for one in STAYS],
        },
        "pharmacy": {"dispensation": [sale("anna"), sale("bob"), *more], "claim_line": [paid()]},
        "shared_record": {"document": [document("anna")]},
    }


def close_night(
    settings: Settings, night: str, content: dict[str, dict[str, Rows]], more: Sequence[dict[str, Any]] = ()
) -> None:
    """Close the sources with these rows; the claims of the first night, and ``more`` of this one."""
    for source, tables in content.items():
        parts: dict[str, Any] = {}
        for name, rows in tables.items():
            for producer, month in sorted({(row["producer"], row["period"]) for row in rows}):
                own = [row for row in rows if (row["producer"], row["period"]) == (producer, month)]
                file = store(settings, settings.standard / source, f"standard/{name}", own)
                parts.setdefault(name, {})[f"{producer}__{month}"] = [file]
        entries = [entry(settings, FIRST, claims(source))]
        new = [row for row in more if row["source"] == source]
        entries += [entry(settings, night, new)] if new else []
        close(settings, night, source, tables=parts, claims=entries, ledger=[])


def entry(settings: Settings, night: str, rows: Rows) -> dict[str, Any]:
    """One night's claims as a state names them."""
    return {"night": night, "files": [store(settings, settings.identity, "identity/claim", rows)], "except": []}


def national(settings: Settings, night: str) -> str:
    """Link to release; the gate's balance is asked, its suites are not. Returns the release."""
    link(settings, night)
    pseudonymise(settings, night)
    assemble(settings, night)
    candidate = read_json(settings.candidate / night / "candidate.json")
    tables = tables_from_json(candidate["tables"])
    reasons = balance(settings, candidate, states_of(settings, night), tables, base_tables(settings, night))
    assert [one["code"] for one in reasons if one["code"] != "LED-001"] == []
    write_json(settings.candidate / night / "gate.json", {"night": night, "decision": "publish"})
    return str(release(settings, night)["release"])


def ask(settings: Settings, name: str, kind: str, *identifiers: dict[str, str]) -> int:
    """Lay a request down and run the command; its exit code."""
    value = {"request_id": name, "kind": kind, "dated": "2026-11-23", "signed_off_by": "data protection officer"}
    path = settings.rights / f"{name}.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps(value | {"identifiers": list(identifiers)}), encoding="utf-8")
    return main([])


def nir(who: str) -> dict[str, str]:
    return {"nir": with_key(NUMBER[who])}


def published(settings: Settings, name: str = "current") -> dict[str, Rows]:
    """Rows of every table of a release."""
    view = settings.published / name
    folders = [path for path in sorted(view.iterdir()) if path.is_dir() and path.name != "schemas"]
    return {folder.name: rows_below(folder) for folder in folders}


def rows_below(folder: Path) -> Rows:
    """Rows of every file of a folder."""
    files = [pq.read_table(path, partitioning=None) for path in sorted(folder.glob("*.parquet"))]
    return list(pa.concat_tables(files).to_pylist())


def counts(settings: Settings, name: str = "current") -> dict[str, int]:
    """Rows of the tables that the two people show in."""
    told = published(settings, name)
    return {table: len(rows) for table, rows in told.items() if rows and table not in ("code_label", "source_state")}


def everything(root: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}
