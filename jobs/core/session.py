"""The one Spark session factory. Every option has its reason beside it."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from pyspark.sql import SparkSession

from jobs.core.gateway import remember
from jobs.core.settings import REPOSITORY, Settings

OPTIONS = {
    "spark.driver.bindAddress": "127.0.0.1",  # nothing listens beyond loopback
    "spark.driver.host": "127.0.0.1",
    "spark.ui.enabled": "false",  # the SQL page would show plans of the identity zone
    "spark.ui.showConsoleProgress": "false",  # progress bars are noise in a task log
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",  # a bad cast is an error unless try_cast says otherwise
    "spark.sql.shuffle.partitions": "2",  # results do not depend on it; each task costs, large nights get more (shares)
    "spark.sql.adaptive.enabled": "false",  # it may split a skewed partition over two tasks, hence two files
    "spark.sql.requireAllClusterKeysForCoPartition": "false",  # rows that lie together by producer may be joined so
    "spark.serializer": "org.apache.spark.serializer.KryoSerializer",  # of rows that are kept on the disk: a third less
    "spark.kryo.referenceTracking": "false",  # rows hold none; a table of them was emptied after each row
    "spark.python.daemon.module": "jobs.core.daemon",  # its workers come with what they would import one by one
    "spark.broadcast.blockSize": "256k",  # each broadcast takes a whole block of heap, however small it is
    "spark.buffer.pageSize": "2m",  # and each sort and hash table a page
    "spark.speculation": "false",  # two attempts of one task must not write at once
    "spark.sql.parquet.compression.codec": "zstd",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",  # INT96 fails on old dates
    "spark.sql.parquet.enableVectorizedReader": "true",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "4096",
    "spark.sql.execution.pyspark.udf.simplifiedTraceback.enabled": "true",
    "spark.python.sql.dataFrameDebugging.enabled": "false",  # a call site per column operation: half of their cost
    "spark.sql.files.maxPartitionBytes": "32m",
    "spark.sql.autoBroadcastJoinThreshold": "64m",
}

# A session compiles more than the 48 MB that go with level 1, and a full code cache switches the compiler off.
JAVA = "-XX:+UseSerialGC -XX:ReservedCodeCacheSize=256m -Djava.net.preferIPv4Stack=true"
# A fast start beats peak speed, but for a night that pays the better compiler back. A heap that starts small would be
# collected often until it has grown.
SHORT = "-XX:TieredStopAtLevel=1 -Xmn256m"
LARGE = 134_217_728  # bytes to read, from where on it does
MEMORY, LARGE_MEMORY = "2g", "3g"
SHARES, SHARE_BYTES = "spark.sql.shuffle.partitions", 33_554_432  # a task shuffles what comes of so many bytes
ROOMY = 12 * 2**30  # bytes of a machine on which the larger heap and Python's workers leave most to others


def class_archive() -> Path:
    """Where ``ops.archive`` puts Spark's classes as the JVM maps them; it belongs to the environment."""
    return Path(sys.prefix) / "spark-classes.jsa"


def java_options(size: int = 0) -> str:
    """Options of the JVM of a session that reads ``size`` bytes.

    An archive that does not fit is ignored, and its notice is no news.
    """
    told = JAVA if size >= LARGE else f"{JAVA} {SHORT}"
    more = os.environ.get("VEILLEE_JAVA_OPTIONS", "")
    if more or not class_archive().is_file():
        return f"{told} {more}".strip()
    return f"{told} -XX:SharedArchiveFile={class_archive()} -Xlog:disable -Xlog:all=error:stderr"


def driver_memory(size: int = 0) -> str:
    """The heap of a session that reads ``size`` bytes: VEILLEE_DRIVER_MEMORY, else by that and the machine."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return os.environ.get("VEILLEE_DRIVER_MEMORY") or (LARGE_MEMORY if size >= LARGE and machine >= ROOMY else MEMORY)


@contextmanager
def spark_session(settings: Settings, name: str, size: int = 0) -> Iterator[SparkSession]:
    """A local session, stopped at the end; an active one (tests, spark-submit) is used as it is and left running.

    ``size``: bytes that it is going to read, as far as they are known.
    """
    active = SparkSession.getActiveSession()
    session = active or build_session(settings, name, size)
    try:
        with shares(session, size):
            yield session
    finally:
        if active is None:
            end(session)


@contextmanager
def shares(spark: SparkSession, size: int) -> Iterator[None]:
    """Shuffles of as many parts as ``size`` bytes ask for, so that a task's memory is bounded whatever arrived.

    No result depends on the number.
    """
    before = spark.conf.get(SHARES) or ""
    spark.conf.set(SHARES, str(max(int(before), -(-size // SHARE_BYTES))))
    try:
        yield
    finally:
        spark.conf.set(SHARES, before)


def end(session: SparkSession) -> None:
    """Stop a session without waiting for the thread that adds up accumulators, which no job has.

    It looks once a second whether it shall end, and it does not keep the process alive.
    """
    context = session.sparkContext
    counting, context._accumulatorServer = context._accumulatorServer, None  # type: ignore[assignment]
    session.stop()
    threading.Thread(target=counting.shutdown, daemon=True).start()


def import_meanwhile() -> None:
    """Load what Arrow steps need, while the JVM starts and its caller waits."""
    for name in ("pandas", "pyarrow.parquet", "pyspark.testing", "pyspark.sql.pandas.map_ops"):
        import_module(name)


def build_session(settings: Settings, name: str, size: int = 0) -> SparkSession:
    """Start a session whose scratch lies in the closed ``work`` zone."""
    os.environ["PYSPARK_PYTHON"] = sys.executable  # workers otherwise take the first python of the PATH
    os.environ["PYTHONPATH"] = str(REPOSITORY)  # workers import the jobs' functions from wherever they were started
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")  # workers: large arrays come and go, a page fault each
    scratch = settings.work / "spark"
    scratch.mkdir(parents=True, exist_ok=True)
    cores = os.environ.get("VEILLEE_CORES", "2")
    builder = SparkSession.builder.appName(name).master(os.environ.get("VEILLEE_SPARK_MASTER", f"local[{cores}]"))
    builder = builder.config("spark.local.dir", str(scratch)).config(
        "spark.sql.warehouse.dir", str(scratch / "warehouse")
    )
    builder = builder.config("spark.driver.memory", driver_memory(size))
    builder = builder.config("spark.driver.extraJavaOptions", java_options(size))
    for key, value in OPTIONS.items():
        builder = builder.config(key, value)
    threading.Thread(target=import_meanwhile, daemon=True).start()
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    remember(session)
    return session
