"""What a session is spared: names that were asked for, and what its workers have loaded before they start."""

import gc

import pyarrow as pa
import pytest
from py4j.clientserver import ClientServerConnection
from pyspark.sql import SparkSession
from pyspark.sql import functions as F


def test_a_function_is_looked_up_once(spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    send = ClientServerConnection.send_command

    def listen(connection: ClientServerConnection, command: str) -> str:
        sent.append(command)
        return str(send(connection, command))

    F.lit(1), F.col("a")
    monkeypatch.setattr(ClientServerConnection, "send_command", listen)
    gc.disable()  # an object that goes is told as well
    try:
        columns = [F.lit(2), F.col("b"), F.col("c")]
    finally:
        gc.enable()
    assert len([one for one in sent if one.startswith("c\n")]) >= len(columns)
    assert [one for one in sent if one.startswith("r\n")] == [], "the JVM was asked for a method again"


def test_workers_keep_what_they_came_with_out_of_their_garbage(spark: SparkSession) -> None:
    def frozen(batches):
        for _ in batches:
            yield pa.RecordBatch.from_pydict({"n": [gc.get_freeze_count()]})

    (row,) = spark.range(1, numPartitions=1).mapInArrow(frozen, "n long").collect()
    assert row.n > 10_000


def test_workers_import_what_is_compiled(spark: SparkSession) -> None:
    def origins(batches):
        import pyspark.worker

        for _ in batches:
            yield pa.RecordBatch.from_pydict({"path": [pyspark.worker.__file__]})

    (row,) = spark.range(1, numPartitions=1).mapInArrow(origins, "path string").collect()
    assert ".zip" not in row.path
