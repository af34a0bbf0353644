"""Published tables in DuckDB. Run it as ``python examples/with_duckdb.py [table]``."""

import sys

import duckdb
from where import CURRENT

table = sys.argv[1] if len(sys.argv) > 1 else "dispensation"
frame = duckdb.sql(f"from '{CURRENT}/{table}/*.parquet'")
print(len(frame))
