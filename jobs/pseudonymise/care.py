"""One published care table: changed months of its standard rows, under pseudonym."""

from dataclasses import dataclass, field
from pathlib import Path

from pyspark.sql import DataFrame, Observation, SparkSession
from pyspark.sql import functions as F

from jobs.core.blocks import BLOCKS, block_maker, write_blocks
from jobs.core.errors import DataRefused
from jobs.core.ledger import Unbalanced
from jobs.core.schema import TableSchema, load_schema, source_of
from jobs.core.settings import Settings
from jobs.core.snapshot import DataFile, Partitions, Pool, files_of
from jobs.core.tables import read_files
from jobs.core.tokens import with_key
from jobs.link.walk import Tables, people
from jobs.pseudonymise.derive import derived
from jobs.pseudonymise.generalise import generalised, token_maker
from jobs.pseudonymise.months import Plan
from jobs.release.pools import candidate_pool
from jobs.rights.withheld import Withheld, without

# Rows of the largest month up to which its spans have 0, 1, 2 letters of a token: a task sorts one span at a time.
SPANNED = (262_144, 8_388_608)
FEW_TASKS = 4  # that write the months of a table none of which is large


@dataclass(frozen=True)
class Work:
    """What the making of a night's tables needs."""

    spark: SparkSession
    settings: Settings
    attempt: Path
    key: DataFrame
    version: int
    walk: Tables
    withheld: Withheld = field(default_factory=Withheld)
    successors: frozenset[str] = frozenset()  # persons that took the place of a published one

    def people(self) -> DataFrame:
        """Subjects and the persons that they are in this night."""
        return people(self.spark, self.settings, self.walk)

    def standard_rows(self, table: str, files: list[DataFile]) -> DataFrame:
        """Rows of some files of a standard table, without those of opposed persons."""
        pool = Pool(self.settings.standard / source_of(table) / "pool")
        rows = read_files(self.spark, pool, files, load_schema(f"standard/{table}"))
        return without(rows, table, self.withheld, self.spark, self.attempt)


def care_table(work: Work, plan: Plan, months: list[str]) -> Partitions:
    """Make some months of a table. Raises DataRefused when a row's subject has no person: rows are never dropped.

    A table whose standard declaration has no subject is about nobody that can be known: its rows get no pseudonym.
    """
    files, beside = plan.of(months)
    if not files and not beside:
        return {}
    rows = work.standard_rows(plan.schema.veillee["standard"], files)
    seen = Observation()
    if plan.personal:
        orphans = F.count_if(F.col("person_id").isNull()).alias("orphans")
        rows = rows.join(work.people(), "subject_id", how="left").observe(seen, orphans)
    other = work.standard_rows(plan.schema.veillee["beside"], beside) if "beside" in plan.schema.veillee else None
    made = generalised(derived(plan.schema, rows, other), plan.schema)
    sizes = {one: sum(file.rows for part in plan.of([one]) for file in part) for one in months}
    pool = candidate_pool(work.settings)
    written = write_under_key(with_key(made, work.key), plan.schema, work.version, pool, work.attempt, sizes)
    if plan.personal and seen.get["orphans"]:
        raise DataRefused(
            f"LNK-001: {seen.get['orphans']} rows of {plan.schema.name} have a subject without a person; "
            "their source must state a claim for every subject."
        )
    require_balance(plan, months, files, written)
    return written


def write_under_key(
    frame: DataFrame, schema: TableSchema, version: int, pool: Pool, attempt: Path, months: dict[str, int]
) -> Partitions:
    """The files of rows as ``generalised`` leaves them, beside the ``key``; ``months``: about how many rows each has.

    The task that makes the tokens also cuts the rows into blocks: rows pass from Spark to Arrow once.
    """
    letters = next((n for n, rows in enumerate(SPANNED) if max(months.values()) <= rows), len(SPANNED))
    start = len(f"{version}.") if schema.sort[0] == "pseudonym" else 0
    maker = block_maker(schema, start + letters if letters else 0, token_maker(schema, version))
    tasks = None if letters else min(len(months), FEW_TASKS)
    return write_blocks(frame.mapInArrow(maker, BLOCKS), schema, pool, attempt, list(months), tasks)


def require_balance(plan: Plan, months: list[str], files: list[DataFile], written: Partitions) -> None:
    """Standard rows are published or withheld, none else. Raises Unbalanced. A derived table has rows of its own."""
    if plan.schema.veillee.get("derive"):
        return
    withheld = sum(plan.withheld[month].rows for month in months if month in plan.withheld)
    rows, made = sum(file.rows for file in files), sum(file.rows for file in files_of(written))
    if rows != made + withheld:
        raise Unbalanced(
            f"RGT-007: {plan.schema.name}: {rows} standard rows, {made} made for publication and {withheld} withheld."
        )
