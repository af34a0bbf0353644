"""Boxes of paracetamol alone (ATC N02BE01) by month and department, net of returns: ``python examples/net_boxes.py``.

Another class as its argument, and ``claims`` after it to count what the insurance paid instead of what was dispensed
(by department of residence of the patient, not of the pharmacy). What the numbers do not tell stands in
docs/reference/dictionary.md, under the name of the table.
"""

import sys

import duckdb
from where import CURRENT

atc = sys.argv[1] if len(sys.argv) > 1 else "N02BE01"
table = "claim_net" if sys.argv[2:] == ["claims"] else "dispensation_net"
rows = duckdb.sql(f"""
    select care_month, department, sum(net_quantity)::bigint as boxes
    from '{CURRENT}/{table}/*.parquet'
    where unit = 'box' and list_contains(string_split(atc, ';'), '{atc}')
    group by all order by all
""").fetchall()  # noqa: S608  a path of ours and an argument of yours
for month, department, boxes in rows:
    print(month, department, boxes)
