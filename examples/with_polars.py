"""Published tables in Polars. Run it as ``python examples/with_polars.py [table]``."""

import sys

import polars as pl
from where import CURRENT

table = sys.argv[1] if len(sys.argv) > 1 else "dispensation"
frame = pl.read_parquet(CURRENT / table / "*.parquet")
print(frame.height)
