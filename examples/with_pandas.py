"""Published tables in pandas. Run it as ``python examples/with_pandas.py [table]``."""

import sys

import pandas as pd
from where import CURRENT

table = sys.argv[1] if len(sys.argv) > 1 else "dispensation"
frame = pd.read_parquet(CURRENT / table)
print(len(frame))
