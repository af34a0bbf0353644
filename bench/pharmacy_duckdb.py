"""The pharmacy bench's other engine: the same files read by DuckDB into Parquet, a file per pharmacy and month.

``python -m bench.pharmacy_duckdb FOLDER REGISTER TARGET LANDING`` reads every extract in the dialect that the register
gives its pharmacy and writes typed dispensations with hashed tokens; B2 files it cuts into zones. It keeps no record of
what it could not read: a line that it refuses is gone, and only values that DuckDB's own casts take are taken. It reads
UTF-8: ``in_utf8`` makes copies before, which costs it nothing, since it knows no cp1252 and stops at one foreign byte.
"""

import csv
import sys
from collections import defaultdict
from pathlib import Path

import duckdb

from jobs.core.settings import REPOSITORY
from jobs.standardise.dialects import Dialect, load_dialects
from jobs.standardise.pharmacy.columns import COLUMNS

Files = dict[str, list[str]]


def files_by_dialect(folder: Path, register: Path) -> Files:
    """The files of each dialect; each lies in the folder of its producer, at any depth."""
    with register.open(encoding="utf-8", newline="") as stream:
        dialects = {row["producer"]: row["dialect"] for row in csv.DictReader(stream)}
    found: Files = defaultdict(list)
    for path in sorted(folder.glob("pharmacy/*/*/*.csv")):
        found[dialects[path.parent.parent.name]].append(str(path))
    return found


def in_utf8(landing: Path, register: Path, folder: Path) -> None:
    """Copies of all files in UTF-8 without a byte order mark; foreign bytes become question marks."""
    dialects = load_dialects(REPOSITORY / "config" / "dialects", COLUMNS)
    for name, files in files_by_dialect(landing, register).items():
        for file in map(Path, files):
            text = file.read_bytes().decode(dialects[name].encoding, errors="replace")
            target = folder / file.relative_to(landing)
            target.parent.mkdir(parents=True)
            target.write_text(text, encoding="utf-8", newline="")


def reading(dialect: Dialect, files: list[str]) -> str:
    """SQL: the files of one dialect as typed rows."""
    cell = {name: f'"{dialect.columns[name]}"' for name in COLUMNS if name in dialect.columns}
    amount = (
        "try_cast({} as decimal(12,2))"
        if dialect.money == "euro"
        else "try_cast(try_cast({} as bigint) * 0.01 as decimal(12,2))"
    )
    money = {
        name: amount.format(f"replace({cell[name]}, ',', '.')")
        for name in ("amount_total", "amount_base", "amount_insurance")
    }
    names = ", ".join(f"'{dialect.columns[name]}': 'varchar'" for name in COLUMNS if name in dialect.columns)
    day = f"try_strptime({cell['event_ts_local']}, '{dialect.timestamp_format}')::date"
    born = f"try_strptime({cell['birth_date']}, '{dialect.date_format}')::date"
    line_end = r"\r\n" if dialect.encoding == "cp1252" else r"\n"
    hashed = "substring(sha256('key' || {}), 1, 32)"
    patient = f"concat_ws('|', {cell['patient_nir']}, {cell['birth_date']}, {cell['birth_rank']})"
    return f"""
      select split_part(filename, '/', -3) as producer, strftime({day}, '%Y-%m') as period,
        {hashed.format(patient)} as subject_id,
        {hashed.format(f"concat_ws('|', filename, {cell['ticket_id']}, {cell['line_id']})")} as dispensation_id,
        {hashed.format(f"concat_ws('|', filename, {cell['ticket_id']})")} as ticket_id,
        {hashed.format(cell["prescriber_id"])} as prescriber_id, {day} as dispensed_on,
        date_diff('year', {born}, {day}) as age_years, {cell["sex"]} as sex, {cell["code_raw"]} as cip13,
        try_cast({cell["quantity_signed"]} as bigint) as quantity, {cell["event_type"]} as event_type,
        {", ".join(f"{sql} as {name}" for name, sql in money.items())},
        try_cast({cell["rate"]} as decimal(5,2)) as rate, {cell["service_code"]} as service_code
      from read_csv({files}, delim = '{dialect.separator}', quote = '"', header = true, filename = true,
        columns = {{{names}}}, auto_detect = false, null_padding = false,
        ignore_errors = true, new_line = '{line_end}')"""


LINE_KINDS = ("2", "3")  # heads and product lines, which are what a row is made of


def cutting(folder: Path, kind: str) -> str:
    """SQL: the records of one kind in B2 files, cut into the zones of their layout. Invoices are not put together."""
    layout = REPOSITORY / "schemas" / "layouts" / "pharmacy" / "b2_2005e.csv"
    with layout.open(encoding="utf-8", newline="") as stream:
        zones = [row for row in csv.DictReader(stream) if row["segment"] == kind]
    cells = [f"""substr(line, {row["start"]}, {row["length"]}) as "{row["field"]}\"""" for row in zones]
    return f"""select split_part(filename, '/', -3) as producer, {", ".join(cells)}
      from read_csv('{folder}/pharmacy/*/*/*.b2', columns = {{'line': 'varchar'}}, delim = '\x01', quote = '',
        escape = '', header = false, auto_detect = false, filename = true, encoding = 'latin-1', ignore_errors = true)
      where line[1] = '{kind}'"""


def main(folder: Path, register: Path, target: Path, landing: Path) -> None:
    """Read everything and write it as the pipeline's files are: one per pharmacy and month, sorted."""
    dialects = load_dialects(REPOSITORY / "config" / "dialects", COLUMNS)
    parts = [reading(dialects[name], files) for name, files in sorted(files_by_dialect(folder, register).items())]
    database = duckdb.connect(config={"threads": 2})
    known = REPOSITORY / "schemas" / "codes" / "cip13.csv"
    query = f"""select r.*, k.atc, k.code is not null as code_known from ({" union all ".join(parts)}) r
      left join read_csv('{known}', all_varchar = true) k on k.code = r.cip13
      order by producer, period, dispensation_id"""
    how = "format parquet, compression zstd, partition_by"
    database.execute(f"copy ({query}) to '{target}' ({how} (producer, period))")
    for kind in LINE_KINDS:
        database.execute(f"copy ({cutting(landing, kind)}) to '{target}-{kind}' ({how} (producer))")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:5]))
