"""Count rows a second of the delimited reader against Python's csv module on the same bytes, one core, best of five.

Run with ``python -m bench.delimited``; the last line is JSON. The reader also keeps each record's bytes and place,
decodes line by line and checks encoding and width; the ratio says what that costs.
"""

import csv
import io
import json
import time
from collections.abc import Callable

from jobs.core.settings import REPOSITORY
from jobs.standardise.delimited_file import FileReader
from jobs.standardise.dialects import load_dialects
from jobs.standardise.pharmacy.columns import COLUMNS, SHAPE

ROWS = 50_000
CELLS = (
    "T000001000001;1;sale;01/11/2026 10:11:12;1850575990042;85;01/05/1985;1;1;DUPRÉ;JEAN;10000000009;RPPS;01/11/2026;"
    "3400935955838;{label};1;box;2,18;2,18;1,42;65;PH7;F1;"
)
LABELS = (
    "PARACETAMOL 1 g",
    '"CREME; ""bio"""',
    "GEL DOUCHE",
    "COMPRIMÉ PELLICULÉ",
    '"SIROP\r\n200 ml"',
    *["BOITE DE 30"] * 15,
)


def sample() -> bytes:
    """A file in which one label of ten is quoted and one of twenty holds a line break."""
    lines = [CELLS.format(label=LABELS[row % len(LABELS)]) for row in range(ROWS)]
    return "\r\n".join([";".join(COLUMNS), *lines, ""]).encode("cp1252")


def best(work: Callable[[], int]) -> float:
    """Count rows a second of the fastest of five runs. Raises AssertionError when rows are missing."""
    fastest = 0.0
    for _ in range(5):
        started = time.perf_counter()
        assert work() == ROWS
        fastest = max(fastest, ROWS / (time.perf_counter() - started))
    return fastest


def main() -> None:
    """Print both speeds and their ratio."""
    data = sample()
    dialect = load_dialects(REPOSITORY / "config" / "dialects", COLUMNS)["standard"]
    part = {"producer": "P", "delivery_id": "D", "file": "f", "record": None, "head": None}

    def ours() -> int:
        reader = FileReader(part, dialect, SHAPE)
        return sum(1 for row in reader.feed(data, 0) + reader.finish() if row[7] is None)

    def plain() -> int:
        return len(list(csv.reader(io.StringIO(data.decode("cp1252"), newline=""), delimiter=";"))) - 1

    ours_speed, plain_speed = best(ours), best(plain)
    print(
        json.dumps(
            {
                "bench": "delimited",
                "rows": ROWS,
                "bytes": len(data),
                "reader_rows_per_s": round(ours_speed),
                "csv_rows_per_s": round(plain_speed),
                "ratio": round(ours_speed / plain_speed, 2),
            }
        )
    )


if __name__ == "__main__":
    main()
