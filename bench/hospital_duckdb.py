"""The hospital bench's other engine: the unit lines of some packs cut and exploded by DuckDB, to Parquet with zstd.

``python -m bench.hospital_duckdb FOLDER PACK...`` writes ``unit.parquet``, ``diagnosis.parquet`` and ``act.parquet``
with the text of every field that the reader cuts; ``readings`` says the same as the standard tables' columns.
"""

import sys
from pathlib import Path

import duckdb

from bench.hospital_sql import PLACE, script
from jobs.standardise.hospital.fields import ACT, UNIT_STAY

FIELDS = sorted(UNIT_STAY.values())
COPIES = {
    "unit": f"select {PLACE}, kind, version, unreadable, {', '.join(FIELDS)} from unit_line",
    "diagnosis": f"select {PLACE}, kind, rank, code from diagnosis_block",
    "act": f"select {PLACE}, rank, {', '.join(ACT)} from act_block",
}


def explode(packs: list[str], folder: Path) -> None:
    """Cut all unit lines of the packs and write three tables."""
    database = duckdb.connect(config={"threads": 2})
    database.execute(f"create view pack as select * from read_parquet({packs})")
    for statement in script(FIELDS, ACT):
        database.execute(statement)
    for name, query in COPIES.items():
        database.execute(f"copy ({query}) to '{folder / name}.parquet' (format parquet, compression zstd)")


def code(text: str) -> str:
    """SQL: a CIM-10 code as kept."""
    return f"nullif(upper(regexp_replace({text}, '[. ]', '', 'g')), '')"


def day(text: str) -> str:
    """SQL: a DDMMYYYY date."""
    return f"case when regexp_full_match({text}, '[0-9]{{8}}') then try_strptime({text}, '%d%m%Y')::date end"


def number(text: str) -> str:
    """SQL: a whole number."""
    return f"case when regexp_full_match({text}, ' *[0-9]+ *') then try_cast({text} as bigint) end"


def readings(folder: Path, accepted: str) -> dict[str, str]:
    """SQL by standard table: what DuckDB read of accepted lines (a relation of places), in that table's columns.

    Ranks of units and the month of the last exit are found here too.
    """
    unit, diagnosis, act = (f"(from '{folder / name}.parquet' semi join {accepted} using ({PLACE}))" for name in COPIES)
    stay = "partition by producer, local_stay_id"
    units = f"""
      select *, row_number() over ({stay} order by entry_date, exit_date, rum_id, record) as unit_rank,
        strftime(max(exit_date) over ({stay}), '%Y-%m') as period
      from (select *, {day("unit_entry_date")} as entry_date, {day("unit_exit_date")} as exit_date from {unit})"""
    own = f"select {PLACE}, period, unit_rank"
    ranked = f"(select {PLACE}, period, unit_rank, principal_diagnosis, related_diagnosis from ({units}))"
    one = [("principal", "principal_diagnosis"), ("related", "related_diagnosis")]
    alone = [f"{own}, '{kind}' as kind, 1 as diagnosis_rank, {code(name)} as code from {ranked}" for kind, name in one]
    listed = f"{own}, kind, rank, {code('code')} as code from {diagnosis} join {ranked} using ({PLACE})"
    return {
        "hospital_unit_stay": f"""{own}, unit_id as unit_code, bed_authorisation,
          entry_date, unit_entry_mode as entry_mode, unit_entry_origin as entry_origin, exit_date,
          unit_exit_mode as exit_mode, unit_exit_destination as exit_destination,
          {code("principal_diagnosis")} as principal_diagnosis,
          {code("related_diagnosis")} as related_diagnosis, {number("igs2")} as severity_score,
          {number("session_count")} as session_count, version as line_version from ({units})""",
        "hospital_diagnosis": f"from ({' union all '.join([*alone, listed])}) where code is not null",
        "hospital_procedure": f"""{own}, rank as procedure_rank, {day("act_date")} as procedure_date,
          upper(ccam_code) as code, regexp_replace(pmsi_extension, '^-', '') as extension, phase, activity,
          documentary_extension, modifiers, unplanned_association as association,
          {number("execution_count")} as act_count
          from {act} join {ranked} using ({PLACE}) where ccam_code is not null""",
    }


if __name__ == "__main__":
    explode(sys.argv[2:], Path(sys.argv[1]))
