"""The model that the repository brings: trained on an invented register and the records that two sources send of it.

``python -m bench.link_model FOLDER`` writes ``model-2.json`` there; the same bytes each time. Another seed and another
spread of birth dates than the set on which ``bench.link_traps`` judges.
"""

import sys
import tempfile
from pathlib import Path

import pyarrow.parquet as pq

from bench.link_french import SOURCES, records, register, register_claims
from jobs.core.session import spark_session
from jobs.core.settings import prepare_root
from jobs.link.keep import Keep
from jobs.link.model import write_model
from jobs.link.traits import trait_rows
from jobs.train_linkage.records import as_records
from jobs.train_linkage.train import train

VERSION = "model-2"
SEED, PERSONS, RECORDS = 5, 126_251, 18_000


def main(folder: Path) -> None:
    """Make the records, train, write."""
    with tempfile.TemporaryDirectory() as scratch:
        settings = prepare_root(Path(scratch) / "root", "synthetic")
        people = register(PERSONS, SEED, dense=False)
        tables = [register_claims(people), *[records(people, RECORDS, one, SEED, dense=False)[0] for one in SOURCES]]
        paths = [settings.work / f"{place}.parquet" for place in range(len(tables))]
        for path, table in zip(paths, tables, strict=True):
            pq.write_table(table, path)
        with spark_session(settings, "bench link model") as spark:
            rows = as_records(trait_rows(spark.read.parquet(*map(str, paths))), Keep(settings.work))
            files = Keep.files(rows)
        write_model(folder / f"{VERSION}.json", train(files, VERSION, ["model-1"]))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
