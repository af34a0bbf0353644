"""Every number of a made pharmacy night, row by row: sales beside the simulator's truth, what is derived beside DuckDB.

``dispensation``: each row of extracts and invoices by its place in its file, day, kind, product, boxes and cents.
``dispensation_net`` and ``reconciliation``: the stage's own transforms on the standard tables, and the same in SQL from
the same rows; a subject stands for its person. What agrees row by row agrees in every sum.
"""

from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
from pyspark.sql import functions as F

from bench.pharmacy_made import Made
from jobs.core.schema import load_schema
from jobs.core.session import spark_session
from jobs.core.settings import Settings
from jobs.core.snapshot import DataFile, tables_from_json
from jobs.core.tables import read_files
from jobs.pseudonymise.derive.net import net_dispensations
from jobs.pseudonymise.derive.reconciliation import reconcile
from jobs.standardise.pools import standard_pool
from synthetic.dispensing import presentations
from synthetic.draws import iso_day
from synthetic.pharmacy import pharmacy_id

AT_ONCE = 2000  # files that DuckDB is given at a time
CENTS = "({} * 100)::bigint"
TRUTH = {
    "extract": """select d.producer, record, event, day, if(fault = 'EAN13', null, cip13), quantity, amount_total,
        amount_base, amount_insurance from told join deposit d on d.made = told.made and d.feed = 'extract'
        where told.feed = 'extract' and accepted""",
    "invoice": """select d.producer, record, event, day, cip13, quantity, amount_base, amount_base, amount_insurance
        from told join deposit d on d.made = told.made and d.feed = 'invoice'
        where told.feed = 'invoice' and accepted
        union all select d.producer, record, event, day, null, quantity, amount_total - amount_base,
        amount_total - amount_base, (amount_total - amount_base) * rate // 100
        from told join deposit d on d.made = told.made and d.feed = 'invoice'
        where told.feed = 'invoice' and accepted""",
}
NET = f"""select producer, period, subject_id as person, coalesce(cip13, ucd13) as product, unit,
    -sum(if(quantity < 0, quantity, 0)) as back,
    sum(if(quantity > 0, quantity, 0)) as gross, least(gross, back) as reversed, greatest(back - gross, 0) as unmatched,
    sum(quantity) as net, {CENTS.format("coalesce(sum(amount_total) filter (quantity >= 0), 0)")},
    {CENTS.format("coalesce(sum(amount_total) filter (quantity < 0), 0)")},
    {CENTS.format("coalesce(sum(amount_total), 0)")}, {CENTS.format("coalesce(sum(amount_base), 0)")},
    {CENTS.format("coalesce(sum(amount_insurance), 0)")}, count(*) filter (quantity >= 0),
    count(*) filter (quantity < 0)
    from dispensation where code_class in ('drug', 'hospital_drug') group by all"""
OUR_NET = f"""select producer, period, decode(person_id), product, unit, reversed_quantity + unmatched_quantity,
    gross_quantity, reversed_quantity,
    unmatched_quantity, net_quantity, {CENTS.format("gross_amount")}, {CENTS.format("reversal_amount")},
    {CENTS.format("net_amount")}, {CENTS.format("net_amount_base")}, {CENTS.format("net_amount_insurance")}, lines,
    reversal_lines from ours"""
RECONCILED = f"""with sold as (select pharmacy_id, period, cip13, sum(quantity) as boxes,
        {CENTS.format("coalesce(sum(amount_base), 0)")} as cents from dispensation
        where code_class = 'drug' and unit = 'box' and amount_insurance <> 0 group by all),
    paid as (select pharmacy_id, period, cip13, sum(quantity) as boxes,
        round(coalesce(sum(quantity * unit_price), 0) * 100)::bigint as cents from claim_line
        where counts_boxes and cip13 is not null and unit = 'box' group by all),
    own as (select * from sold where period in (select period from paid))
    select coalesce(own.pharmacy_id, paid.pharmacy_id), coalesce(own.period, paid.period),
        coalesce(own.cip13, paid.cip13), own.boxes, own.cents, paid.boxes, paid.cents,
        case when paid.boxes is null then 'only_dispensed' when own.boxes is null then 'only_claimed'
          when (own.boxes, own.cents) = (paid.boxes, paid.cents) then 'matched' else 'differs' end
    from own full join paid on (own.pharmacy_id, own.period, own.cip13)
      is not distinct from (paid.pharmacy_id, paid.period, paid.cip13)"""
OUR_RECONCILED = f"""select pharmacy_id, period, product, dispensed_quantity, {CENTS.format("dispensed_base")},
    claimed_quantity, {CENTS.format("claimed_base")}, status from ours"""


def standard_files(proposals: list[dict[str, Any]], table: str) -> list[DataFile]:
    """The files of a standard table as some nights' proposals name them."""
    producers = [one for proposal in proposals for one in proposal["producers"].values()]
    parts = [files for one in producers for files in tables_from_json(one["tables"]).get(table, {}).values()]
    return [file for files in parts for file in files]


def derive(settings: Settings, files: dict[str, list[DataFile]], folder: Path) -> None:
    """Net and reconciliation of the standard tables, as Parquet below a folder."""
    pool = standard_pool(settings, "pharmacy")
    with spark_session(settings, "bench sums", sum(one.bytes for one in files["dispensation"])) as spark:
        rows, claims = (
            read_files(spark, pool, files[name], load_schema(f"standard/{name}"))
            for name in ("dispensation", "claim_line")
        )
        of_persons = rows.withColumn("person_id", F.encode("subject_id", "UTF-8"))
        net_dispensations(of_persons).write.parquet(str(folder / "net"))
        reconcile(rows, claims).write.parquet(str(folder / "reconciliation"))


def load(database: Any, settings: Settings, table: str, files: list[DataFile]) -> None:
    """A standard table as a table of DuckDB."""
    paths = [str(standard_pool(settings, "pharmacy").path(one)) for one in files]
    for start in range(0, len(paths), AT_ONCE):
        how = f"insert into {table}" if start else f"create table {table} as"
        database.execute(f"{how} select * from read_parquet(?)", [paths[start : start + AT_ONCE]])


def load_truth(database: Any, made: dict[str, list[Made]], deposits: dict[str, int]) -> None:
    """``told``: the lines of each made delivery; ``deposit``: under which number it was deposited."""
    codes = presentations().cip13.to_numpy(dtype=object)
    lines = pd.concat(
        [one.truth.assign(made=place, feed=feed) for feed, every in made.items() for place, one in enumerate(every)]
    )
    lines = lines.assign(cip13=codes[lines.box.to_numpy(dtype=int)])
    days = lines.day.map({day: iso_day(int(day)) for day in lines.day.unique()})
    told = lines.drop(columns=["day", "producer"]).assign(day=pd.to_datetime(days))
    numbers = [
        (feed, place % len(made[feed]), pharmacy_id(place + (0 if feed == "extract" else deposits["extract"])))
        for feed, count in deposits.items()
        for place in range(count)
    ]
    deposit = pd.DataFrame(numbers, columns=["feed", "made", "producer"])
    database.register("told_frame", told)
    database.register("deposit_frame", deposit)
    database.execute("create table told as select * replace (day::date as day) from told_frame")
    database.execute("create table deposit as select * from deposit_frame")


def difference(database: Any, ours: str, theirs: str) -> int:
    """Rows that only one of two queries gives."""
    query = "select count(*) from ((from a except all from b) union all (from b except all from a))"
    found: int = database.execute(f"with a as ({ours}), b as ({theirs}) {query}").fetchone()[0]
    return found


def compared(
    settings: Settings,
    proposals: list[dict[str, Any]],
    made: dict[str, list[Made]],
    deposits: dict[str, int],
    folder: Path,
) -> dict[str, Any]:
    """Rows and differing rows of each table, and the reconciliation's rows by status. All differences should be 0."""
    files = {name: standard_files(proposals, name) for name in ("dispensation", "claim_line")}
    derive(settings, files, folder)
    database = duckdb.connect(config={"threads": 2, "memory_limit": "6GB", "temp_directory": str(folder / "spill")})
    for name, own in files.items():
        load(database, settings, name, own)
    load_truth(database, made, deposits)
    found: dict[str, Any] = {}
    for feed, truth in TRUTH.items():
        ours = f"""select producer, record, event_type, dispensed_on, cip13, quantity, {CENTS.format("amount_total")},
            {CENTS.format("amount_base")}, {CENTS.format("amount_insurance")} from dispensation where feed = '{feed}'"""
        found[f"dispensation, {feed}"] = {"rows": rows_of(database, ours), "differ": difference(database, ours, truth)}
    for name, ours, theirs in (("net", OUR_NET, NET), ("reconciliation", OUR_RECONCILED, RECONCILED)):
        own = ours.replace("from ours", f"from read_parquet('{folder}/{name}/*.parquet')")
        found[name] = {"rows": rows_of(database, own), "differ": difference(database, own, theirs)}
    statuses = f"select status, count(*) from read_parquet('{folder}/reconciliation/*.parquet') group by 1 order by 1"
    found["reconciliation"] |= dict(database.execute(statuses).fetchall())
    return found


def rows_of(database: Any, query: str) -> int:
    """How many rows a query gives."""
    found: int = database.execute(f"select count(*) from ({query})").fetchone()[0]
    return found
