"""Standard tables of the shared record against what the simulator knows, row for row and field for field."""

from collections import Counter
from dataclasses import dataclass, field

import duckdb
import pandas as pd

from jobs.core.keys import key_bytes
from jobs.core.nights import state_path
from jobs.core.settings import REPOSITORY, Settings
from jobs.core.snapshot import Pool, files_of, read_json, tables_from_json
from jobs.core.tokens import text_hex
from synthetic.truth_documents import FIELDS, TABLES, standing

TIMES = {  # field of a fact -> beginning of the names of its columns, by table
    "lab_result": {"time": "observed"},
    "vital_sign": {"time": "observed"},
    "vaccination": {"time": "vaccinated"},
    "prescription": {"start": "started", "end": "ended"},
    "document_dispensation": {"time": "dispensed"},
    "problem": {"start": "started", "end": "ended"},
    "allergy": {"start": "started"},
    "procedure_history": {"start": "started", "end": "ended"},
}
RENAMED = {("problem", "kind"): "problem_kind"}
NUMBERS = ("value_number", "reference_low", "reference_high", "dose_number", "dose_value", "every_value",
           "quantity_value", "repeats")  # fmt: skip


@dataclass
class Compared:
    """What a comparison found: documents and rows by table, and every difference as (what, count)."""

    documents: int = 0
    rows: Counter[str] = field(default_factory=Counter)
    fields: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)


def compare(settings: Settings, night: str) -> Compared:
    """The state of a night against the truth of all nights up to it; only documents without a planted fault."""
    truth = standing(settings.truth, night).to_pandas()
    key = key_bytes(settings, "collector")
    places = zip(truth.producer, truth.unique_id, strict=True)
    truth["document_id"] = [text_hex(key, "document", producer, unique, "") for producer, unique in places]
    shown = truth[~truth.withheld]
    state = tables_from_json(read_json(state_path(settings, "shared_record", night))["tables"])
    found = Compared(len(shown))
    documents = set(held(settings, state, "document").document_id)
    found.wrong["documents that do not stand there"] += len(set(shown.document_id) - documents)
    found.wrong["hidden documents that stand there"] += len(set(truth[truth.withheld].document_id) & documents)
    facts = told(settings, night).merge(shown[["producer", "unique_id", "document_id"]], on=["producer", "unique_id"])
    for table in sorted(set(TABLES.values())):
        if (REPOSITORY / "schemas" / "standard" / f"{table}.json").is_file():
            rows = held(settings, state, table)
            compare_table(table, facts[facts.table == table], rows[rows.document_id.isin(shown.document_id)], found)
    found.wrong = +found.wrong
    return found


def told(settings: Settings, night: str) -> pd.DataFrame:
    """Facts of all nights up to one, each document's once."""
    paths = sorted(str(p) for p in settings.truth.glob("*/document_fact.parquet") if p.parent.name <= night)
    columns = ", ".join(f'"{name}"' for name in ("producer", "unique_id", "table", "rank", *FIELDS))
    return duckdb.sql(f"select distinct {columns} from read_parquet({paths})").df()


def held(settings: Settings, state: dict, table: str) -> pd.DataFrame:
    """A standard table as a state has it; text for everything but times and truth values."""
    pool = Pool(settings.standard / "shared_record" / "pool")
    files = [str(pool.path(one)) for one in files_of(state.get(table, {}))]
    return duckdb.sql(f"select * from read_parquet({files})").df() if files else pd.DataFrame({"document_id": []})


def compare_table(table: str, facts: pd.DataFrame, rows: pd.DataFrame, found: Compared) -> None:
    """Every fact has its row, every row its fact, and each field is what was meant."""
    rank = "result_rank" if "result_rank" in rows else "fact_rank"
    if rows.empty or facts.empty:
        found.wrong[f"{table}: rows"] += len(rows) + len(facts)
        return
    facts = facts.add_prefix("told_")
    both = facts.merge(
        rows, left_on=["told_document_id", "told_rank"], right_on=["document_id", rank], how="outer", indicator=True
    )
    found.wrong[f"{table}: rows"] += int((both["_merge"] != "both").sum())
    both = both[both["_merge"] == "both"]
    found.rows[table] += len(both)
    for name in FIELDS:
        column = RENAMED.get((table, name), name)
        if name in TIMES[table]:
            wanted, got = both[f"told_{name}"].map(day), both[f"{TIMES[table][name]}_on"].map(date_text)
        elif column in rows:
            wanted, got = both[f"told_{name}"].map(plain(name)), both[column].map(plain(name))
        else:
            wanted = got = both[f"told_{name}"].map(plain(name)).where(both[f"told_{name}"].isna())
            found.wrong[f"{table}.{name}: no column"] += int(both[f"told_{name}"].notna().sum())
        found.wrong[f"{table}.{name}"] += int((wanted != got).sum())
        found.fields[table] += int((wanted != "").sum())


def plain(name: str):  # type: ignore[no-untyped-def]
    """One spelling of a value of a field, empty for none."""

    def spelt(value: object) -> str:
        if value is None or value is pd.NaT or (isinstance(value, float) and pd.isna(value)) or value is pd.NA:
            return ""
        if name in NUMBERS:
            return f"{float(str(value)):.6f}"
        if name in ("negated", "substituted"):
            return "" if name == "negated" and str(value).lower() == "false" else str(value).lower()
        return str(value).replace(".", "") if name == "icd10" else str(value)

    return spelt


def day(text: object) -> str:
    """The day of a time as told; empty when it is not told to the day."""
    return f"{text[:4]}-{text[4:6]}-{text[6:8]}" if isinstance(text, str) and len(text) >= 8 else ""


def date_text(value: object) -> str:
    """The day of a column."""
    return "" if value is None or pd.isna(value) else str(value)[:10]  # type: ignore[call-overload]
