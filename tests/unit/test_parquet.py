"""Files whose bytes depend on their rows alone: not on batches, tasks, cores or the process that wrote them."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from jobs.core import parquet
from jobs.core.attempt import attempt_folder
from jobs.core.schema import load_schema
from jobs.core.settings import Settings
from jobs.core.snapshot import DataFile, Pool, sha256_of
from jobs.core.tables import read_files, small_frame, write_small, write_table

LINK = load_schema("identity/link")


def rows(count: int) -> list[dict[str, str]]:
    return [
        {
            "subject_id": f"{n:032x}",
            "person_id": f"{n:032x}",
            "night": f"2026-11-{1 + n % 3:02d}",
            "tier": "t",
            "rules_version": "1",
        }
        for n in range(count)
    ]


def test_spark_and_arrow_write_the_same_bytes_whatever_the_tasks(spark: SparkSession, settings: Settings) -> None:
    pool = Pool(settings.work / "pool")
    with attempt_folder(settings) as attempt:
        frame = spark.createDataFrame(rows(30), LINK.spark)
        one = write_table(frame.repartition(1), LINK, pool, attempt)
        many = write_table(frame.repartition(7, "subject_id"), LINK, pool, attempt)
        small = write_small([row for row in rows(30) if row["night"] == "2026-11-02"], LINK, pool, attempt)
    assert one == many
    assert sorted(one) == ["2026-11-01", "2026-11-02", "2026-11-03"]
    assert one["2026-11-02"] == [small]
    assert read_files(spark, pool, [small], LINK).count() == 10


@settings(max_examples=30, deadline=None)
@given(cuts=st.lists(st.integers(1, 5), min_size=1, max_size=8), group=st.integers(1, 7))
def test_the_size_of_the_batches_never_shows(tmp_path_factory: object, cuts: list[int], group: int) -> None:
    folder = Path(tmp_path_factory.mktemp("bytes"))  # type: ignore[attr-defined]
    before, parquet.ROW_GROUP = parquet.ROW_GROUP, group
    try:
        total = sum(cuts)
        batch = pa.RecordBatch.from_pydict({"a": [f"v{n % 3}" for n in range(total)], "_partition": ["p"] * total})
        starts = [sum(cuts[:n]) for n in range(len(cuts))]
        pieces = [batch.slice(start, size) for start, size in zip(starts, cuts, strict=True)]
        schema = pa.schema([("a", pa.string())])
        names = [parquet.write_runs(folder, schema, iter(split)) for split in ([batch], pieces)]
        assert (folder / names[0]).read_bytes() == (folder / names[1]).read_bytes()
        assert pq.read_table(folder / names[0])["a"].to_pylist() == batch["a"].to_pylist()
    finally:
        parquet.ROW_GROUP = before


def test_a_task_moves_what_it_wrote_into_the_pool(tmp_path: Path) -> None:
    pool, drafts = Pool(tmp_path / "pool"), tmp_path / "drafts"
    drafts.mkdir()
    write = parquet.partition_writer(str(drafts), pa.schema([("a", pa.string())]), pool)
    sorted_rows = pa.RecordBatch.from_pydict({"a": ["1", "2", "3"], "_partition": ["x", "x", "y"]})
    found = [DataFile.from_json(row) for batch in write([sorted_rows]) for row in batch.to_pylist()]
    assert [file.rows for file in found] == [2, 1] and not list(drafts.iterdir())
    for file in found:
        assert sha256_of(pool.path(file)) == file.sha256 and pool.path(file).stat().st_size == file.bytes


def test_runs_of_partitions_are_kept_apart() -> None:
    batches = [
        pa.RecordBatch.from_pydict({"a": ["1", "2", "3"], "_partition": ["x", "x", "y"]}),
        pa.RecordBatch.from_pydict({"a": ["4", "5"], "_partition": ["y", "z"]}),
        pa.RecordBatch.from_pydict({"a": ["6"], "_partition": ["z"]}),
    ]
    found = [
        (name, [value for piece in run for value in piece["a"].to_pylist()])
        for name, run in parquet.partitions_of(batches)
    ]
    assert found == [("x", ["1", "2"]), ("y", ["3", "4"]), ("z", ["5", "6"])]


def test_a_small_frame_is_what_it_is_told_to_be(spark: SparkSession) -> None:
    for name in ("identity/claim", "standard/emergency_visit", "standard/claim_line"):  # texts, moments, decimals
        schema = load_schema(name).spark
        assert small_frame(spark, [], schema).schema == schema
    rows = [("a", 1, None), (None, 2, True)]
    frame = small_frame(spark, rows, "a string, n bigint, b boolean")
    assert [tuple(row) for row in frame.collect()] == rows
