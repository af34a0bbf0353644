"""A hospital's year sent again with hardly a stay in it: the real lines, the real events, the hold."""

from collections.abc import Iterator

import pytest
from pyspark.sql import SparkSession

from jobs.check.run import judge_measures
from jobs.core.nights import previous_state
from jobs.core.settings import Settings
from tests import deposits
from tests.hospital_lines import FINESS, file_of, rss, vid

FIRST, SECOND = "2026-03-01", "2026-03-02"
COVERS = ("2026-01-01", "2026-03-01")
STAYS = [f"S{number}" for number in range(60)]


@pytest.fixture
def one_partition(spark: SparkSession) -> Iterator[SparkSession]:
    partitions = spark.conf.get("spark.sql.shuffle.partitions")
    spark.conf.set("spark.sql.shuffle.partitions", "1")
    yield spark
    spark.conf.set("spark.sql.shuffle.partitions", partitions)


def test_a_transmission_that_lost_its_stays_is_held(one_partition: SparkSession, settings: Settings) -> None:
    deposits.register(settings, (FINESS, "hospital"))
    lines = [rss(stay, rss_id=stay[1:]) for stay in STAYS]
    identities = {"vid.txt": file_of(*[vid(stay) for stay in STAYS])}
    whole = {"rss.txt": file_of(*lines)} | identities
    deposits.deposit(settings, "hospital", FINESS, "D1", whole, covers=COVERS)
    first = deposits.load(settings, FIRST)
    assert first["producers"][FINESS]["read_by_format"] == {"pmsi-mco": 120}
    assert judge_measures(settings, first, None)[1] == {}, "nothing was replaced"
    state = deposits.close(settings, FIRST)
    assert state["producers"][FINESS]["volumes"] == {"pmsi-mco": [120]}

    deposits.deposit(settings, "hospital", FINESS, "D2", {"rss.txt": file_of(lines[0])} | identities, covers=COVERS)
    second = deposits.load(settings, SECOND)
    item = second["producers"][FINESS]
    gone = [(one["event"], one["delivery_id"], one["count"]) for one in second["ledger"] if one.get("event")]
    assert (item["read"], item["unchanged"], gone) == (61, 61, [("withdrawn", "D1", 59)]), "less than half of the lines"
    _, failures = judge_measures(settings, second, previous_state(settings, "hospital", SECOND))
    told = {one["code"]: (one["count"], one["total"]) for one in failures[FINESS]}
    assert told == {"PRO-015": (59, 60), "PRO-024": (59, 60)}
