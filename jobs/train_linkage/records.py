"""What a model is trained on: the trait rows of an index, one unit a subject, whatever persons they became."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.core.attempt import attempt_folder
from jobs.core.errors import DataRefused
from jobs.core.schema import load_schema
from jobs.core.session import spark_session
from jobs.core.settings import Settings
from jobs.core.snapshot import Pool, files_of, read_json, tables_from_json
from jobs.core.tables import read_files
from jobs.link.blocks import SCORED_ROWS
from jobs.link.engine import run
from jobs.link.keep import Keep


def as_records(rows: DataFrame, keep: Keep) -> DataFrame:
    """Trait rows as the training reads them, each subject a unit of its own: a kept frame."""
    units = rows.withColumn("unit", F.col("subject_id")).withColumn("is_person", F.lit(False))
    return run(SCORED_ROWS, keep, rows=keep(units))


@contextmanager
def records_of(settings: Settings, night: str) -> Iterator[list[str]]:
    """Files with the records of a night's index, which are gone afterwards. Raises DataRefused when it has none."""
    path = settings.identity / night / "index.json"
    traits = tables_from_json(read_json(path)["tables"])["person_trait"] if path.is_file() else {}
    if not files_of(traits):
        raise DataRefused(f"night {night} has no index to train on; run jobs.link first.")
    with attempt_folder(settings) as attempt:
        with spark_session(settings, "train_linkage") as spark:
            pool = Pool(settings.identity / "pool")
            rows = read_files(spark, pool, files_of(traits), load_schema("identity/person_trait"))
            files = Keep.files(as_records(rows, Keep(Path(attempt))))
        yield files
