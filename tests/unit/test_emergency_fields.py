"""Day-first dates, times of Paris, codes that are never words, and the dated rule on Covid."""

import datetime as dt
import re
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from jobs.core.errors import ConfigError
from jobs.standardise.hospital.covid import EMERGENCY, PMSI, covid_codes, covid_status
from jobs.standardise.hospital.emergency import fields

PARIS = ZoneInfo("Europe/Paris")
DIGITS = st.text("0123456789", min_size=2, max_size=2)
DAYS = st.one_of(
    st.dates(dt.date(1840, 1, 1), dt.date(2110, 12, 31)).map(lambda day: day.strftime("%d/%m/%Y")),
    st.tuples(DIGITS, DIGITS, st.sampled_from(["1948", "2024", "2026", "0026", "26"])).map("/".join),
    st.text("0123456789/- :", max_size=12),
)
TIMES = st.one_of(
    st.times().map(lambda time: time.strftime("%H:%M")),
    st.times().map(lambda time: time.strftime("%H:%M:%S")),
    st.tuples(DIGITS, DIGITS).map(":".join),
    st.sampled_from(["", "24:00", "9:30", "10h30", "10:30:61"]),
)
# Texts of one example are read in one Spark job.
BATCHES = st.lists(st.tuples(DAYS, TIMES), min_size=40, max_size=120)


def read_day(text: str) -> dt.date | None:
    """The same rule in plain Python."""
    found = re.fullmatch(r"([0-9]{2})/([0-9]{2})/([0-9]{4})", text)
    try:
        day = dt.date(int(found[3]), int(found[2]), int(found[1])) if found else None
    except ValueError:
        return None
    return day if day and 1850 <= day.year <= 2100 else None


def read_time(text: str) -> dt.datetime | None:
    day, _, time = text.partition(" ")
    found = re.fullmatch(r"([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?", time)
    date = read_day(day)
    if date is None or not found:
        return None
    try:
        return dt.datetime.combine(date, dt.time(int(found[1]), int(found[2]), int(found[3] or 0)))
    except ValueError:
        return None


@given(BATCHES)
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
def test_dates_are_read_as_a_plain_parser_reads_them(spark: SparkSession, batch: list[tuple[str, str]]) -> None:
    rows = [(place, day, f"{day} {time}") for place, (day, time) in enumerate(batch)]
    frame = spark.createDataFrame(rows, "place int, day string, moment string").coalesce(1)
    moment = F.date_format(fields.wall_time(F.col("moment")), "yyyy-MM-dd HH:mm:ss")
    found = frame.select("place", fields.birth_day(F.col("day")).alias("d"), moment.alias("m")).collect()
    for row in found:
        _, day, text = rows[row.place]
        assert row.d == read_day(day), day
        wanted = read_time(text)
        assert row.m == (wanted.isoformat(" ") if wanted else None), text


STAYS = {
    ("05/03/2026 23:59", "06/03/2026 00:20"): 21,
    ("28/03/2026 22:00", "29/03/2026 08:00"): 9 * 60,  # the night that is an hour short
    ("24/10/2026 22:00", "25/10/2026 08:00"): 11 * 60,  # the night that is an hour long
    ("25/10/2026 02:50", "25/10/2026 02:10"): 20,  # the hour that clocks show twice
    ("25/10/2026 02:10", "25/10/2026 02:50"): 40,
    ("25/10/2026 03:10", "25/10/2026 02:50"): -20,  # whichever of the two hours it was, it was before
    ("05/03/2026 10:00", "05/03/2026 10:00"): 0,
    ("05/03/2026 10:00", "05/03/2026 09:59"): -1,
}


def test_minutes_that_passed(spark: SparkSession) -> None:
    frame = spark.createDataFrame(list(STAYS), "entry string, exit string").coalesce(1)
    seconds = fields.seconds_between(fields.wall_time(F.col("entry")), fields.wall_time(F.col("exit")))
    found = {(row.entry, row.exit): row.s for row in frame.select("entry", "exit", seconds.alias("s")).collect()}
    assert {key: value / 60 for key, value in found.items()} == STAYS
    for (entry, exit_), value in STAYS.items():
        start, end = (read_time(text).replace(tzinfo=PARIS) for text in (entry, exit_))  # type: ignore[union-attr]
        passed = (end.timestamp() - start.timestamp()) / 60
        assert value in (passed, passed + 60)


CODES = {
    # text: (diagnosis, act, reason)
    "i10": ("I10", "I10", "I10"),
    "R53.+1": ("R53+1", "?", "R53+1"),
    "U07.11": ("U0711", "?", "U0711"),
    "GASTRO04": ("?", "?", "GASTRO04"),
    "MARTIN75": ("?", "?", None),
    "deqp003": ("?", "DEQP003", None),
    "chute de M. Invente": ("?", "?", None),
    "1480299999001": ("?", "?", None),
    None: (None, None, None),
}


def test_codes_are_kept_and_words_are_not(spark: SparkSession) -> None:
    frame = spark.createDataFrame([(text,) for text in CODES], "text string").coalesce(1)
    text = F.col("text")
    rows = frame.select("text", fields.diagnosis(text), fields.act(text), fields.reason(text)).collect()
    assert {row[0]: tuple(row[1:]) for row in rows} == CODES


SPRING, LATER = dt.date(2020, 4, 1), dt.date(2021, 4, 1)
# (codes, day, circuit): (covid, confirmed)
STATUS = [
    (["U07.10"], LATER, PMSI, (True, True)),
    (["I10", "u0711"], LATER, PMSI, (True, False)),
    (["U0712"], LATER, PMSI, (True, True)),
    (["U0713"], SPRING, PMSI, (False, False)),
    (["U0714"], LATER, PMSI, (True, True)),
    (["U0715"], LATER, PMSI, (True, False)),
    (["U0713", "U0715"], LATER, PMSI, (True, False)),
    (["U071"], SPRING, PMSI, (False, False)),
    (["B342"], SPRING, PMSI, (False, False)),
    (["U07.1"], LATER, EMERGENCY, (True, False)),
    (["U0713"], SPRING, EMERGENCY, (False, False)),
    (["B34.2"], SPRING, EMERGENCY, (True, False)),
    (["B342"], dt.date(2020, 3, 1), EMERGENCY, (True, False)),
    (["B972"], dt.date(2020, 2, 29), EMERGENCY, (False, False)),
    (["U049"], dt.date(2020, 5, 31), EMERGENCY, (True, False)),
    (["U049"], dt.date(2020, 6, 1), EMERGENCY, (False, False)),
    (["B342"], LATER, EMERGENCY, (False, False)),
    (["B342"], None, EMERGENCY, (False, False)),
    (["B342", "U0710"], LATER, EMERGENCY, (True, True)),
    (["U0710", None], None, EMERGENCY, (True, True)),
    ([], SPRING, EMERGENCY, (None, None)),
    (None, SPRING, PMSI, (None, None)),
]


def test_covid_status(spark: SparkSession) -> None:
    rows = [(place, codes, day) for place, (codes, day, _, _) in enumerate(STATUS)]
    frame = spark.createDataFrame(rows, "place int, codes array<string>, day date").coalesce(1)
    both = [covid_status(F.col("codes"), F.col("day"), circuit).alias(circuit) for circuit in (PMSI, EMERGENCY)]
    for row in frame.select("place", *both).collect():
        codes, day, circuit, wanted = STATUS[row.place]
        assert tuple(row[circuit]) == wanted, (codes, day, circuit)


def test_the_rule_covers_each_code_once_and_dates_are_days() -> None:
    for circuit in (PMSI, EMERGENCY):
        rows = covid_codes(circuit)
        assert len({one.code for one in rows}) == len(rows)
        assert not any(one.confirmed and not one.covid for one in rows)
        for text in {one.start for one in rows} | {one.end for one in rows}:
            assert not text or dt.date.fromisoformat(text)
    with pytest.raises(ConfigError, match="circuit"):
        covid_codes("town")
