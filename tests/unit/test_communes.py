"""Communes through time: the cases a domain person names, every code at three dates by a second engine, idempotence."""

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pyspark.sql import functions as F

from jobs.codes import commune
from jobs.codes.commune_history import arrow_paths, history_of
from jobs.reference.tables import arrow_table

CASES = [  # code, on → code at the date, status, city, why
    ("01001", "2024-01-01", "01001", "current", "01001", "never changed"),
    ("20004", "1970-06-01", "20004", "current", "20004", "Ajaccio before 1976"),
    ("20004", "1976-01-01", "2A004", "moved", "2A004", "Corsica was divided that day"),
    ("2A004", "1970-06-01", "2A004", "not_yet", "2A004", "the code begins in 1976"),
    ("20033", "2020-01-01", "2B033", "moved", "2B033", "Bastia"),
    ("60384", "1943-02-18", "60384", "current", "60384", "the day before it was merged"),
    ("60384", "1943-02-19", "60057", "moved", "60057", "merged into Beauvais that day"),
    ("27111", "1945-01-01", "27078", "moved", "27078", "merged in 1943"),
    ("27111", "1947-12-19", "27111", "current", "27111", "and made again in 1947"),
    ("49144", "2017-12-31", "49144", "current", "49144", ""),
    ("49144", "2018-01-01", "44180", "moved", "44180", "another department and merged, on one day"),
    ("14376", "1975-01-01", "14336", "moved", "14336", "merged, made again, merged into another"),
    ("14376", "1990-01-01", "14376", "current", "14376", ""),
    ("14376", "2024-01-01", "14011", "moved", "14011", ""),
    ("77362", "2024-01-01", "77362", "split", "77362", "shared between two communes in 1949"),
    ("75056", "2024-01-01", "75056", "current", "75056", "Paris as a whole"),
    ("75112", "2024-01-01", "75112", "arrondissement", "75056", "Paris, 12th"),
    ("69383", "2024-01-01", "69383", "arrondissement", "69123", "Lyon, 3rd"),
    ("13208", "1990-01-01", "13208", "arrondissement", "13055", "Marseille, 8th"),
    ("97411", "2024-01-01", "97411", "current", "97411", "Saint-Denis de La Réunion"),
    ("50C01", "2024-01-01", "50C01", "pmsi_area", "50C01", "ATIH's group of small postcodes"),
    ("99109", "2024-01-01", "99109", "abroad", "99109", "a country"),
    ("75099", "2024-01-01", "75099", "unknown", "75099", "no commune, and no postcode of Paris"),
    ("75012", "1967-12-31", "75012", "current", "75012", "Boulogne-Billancourt in the former department of the Seine"),
    ("75012", "2024-01-01", "92012", "moved", "92012", "the same today, or a postcode of Paris: undecidable"),
    ("01990", "2024-01-01", "01990", "postcode_like", "01990", ""),
    ("13001", "2024-01-01", "13001", "current", "13001", "Aix-en-Provence, or a postcode of Marseille: undecidable"),
    ("01999", "2024-01-01", "01999", "unknown", "01999", ""),
    ("2C001", "2024-01-01", "2C001", "malformed", "2C001", ""),
    ("1001", "2024-01-01", "1001", "malformed", "1001", "the first zero was lost"),
    ("20004", None, "20004", "undated", "20004", "it changed once: no date, no answer"),
    ("01001", None, "01001", "current", "01001", "it never changed"),
    (None, "2024-01-01", None, "missing", None, ""),
]
DAYS = (date(1970, 1, 1), date(2000, 1, 1), date(2024, 6, 1))


@pytest.fixture(scope="module")
def paths(spark):
    return spark.createDataFrame(arrow_paths(None)).cache()


def test_communes_at_a_date(spark, paths):
    frame = spark.createDataFrame([(rank, *case[:2]) for rank, case in enumerate(CASES)], "r int, c string, d string")
    found = commune.resolve(frame.withColumn("d", F.to_date("d")), paths, code="c", on="d")
    assert found.columns == ["r", "c", "d", "commune_at", "commune_status", "commune_city"]
    rows = found.collect()
    assert len(rows) == len(CASES)
    for row in rows:
        assert (row.c, row.commune_at, row.commune_status, row.commune_city) == (
            CASES[row.r][0], *CASES[row.r][2:5]
        ), CASES[row.r]  # fmt: skip
    assert {row.commune_status for row in rows} == set(commune.STATUSES)


def test_departments(spark):
    codes = [
        ("75012", "75"),
        ("75112", "75"),
        ("2A004", "2A"),
        ("97411", "974"),
        ("50C01", "50"),
        ("98735", "987"),
        ("1001", None),
    ]
    frame = spark.createDataFrame([(" " + code.lower(),) for code, _ in codes], "c string")
    code = commune.normalise(F.col("c"))
    found = frame.select(commune.department(code), commune.looks_like_postcode(code)).collect()
    assert [row[0] for row in found] == [department for _, department in codes]
    assert [row[1] for row in found] == [True, *[False] * (len(codes) - 1)]


def every_code_at(day: date) -> dict[str, str]:
    """Each changed code followed by recursive SQL: an end on or before the day that no later beginning undoes."""
    duckdb = pytest.importorskip("duckdb")
    connection = duckdb.connect()
    connection.register("change", arrow_table(None, "commune_change"))
    return dict(
        connection.execute(
            """
            with recursive
            ended as (
              select code, effective_on as day, min(new_code) as next, count(*) as successors
              from change where event in ('30', '31', '32', '33', '41', '50') and effective_on <= $day group by all),
            begun as (select new_code as code, effective_on as day from change
                      where event in ('20', '21', '41', '50') and effective_on <= $day),
            last_end as (
              select e.* from ended e where e.day = (select max(day) from ended x where x.code = e.code)
              and not exists (select 1 from begun b where b.code = e.code and b.day > e.day)),
            walk as (
              select code as origin, code from (select code from change union select new_code from change)
              union
              select w.origin, l.next from walk w join last_end l on l.code = w.code where l.successors = 1)
            select w.origin, w.code from walk w left join last_end l on l.code = w.code
            where l.code is null or l.successors > 1
            """,
            {"day": day},
        ).fetchall()
    )


def test_another_engine_follows_every_code_to_the_same_end(spark, paths):
    told = {day: every_code_at(day) for day in DAYS}
    codes = sorted(told[DAYS[0]])
    assert len(codes) > 5000
    frame = spark.createDataFrame([(code,) for code in codes], "c string").crossJoin(
        spark.createDataFrame([(day,) for day in DAYS], "d date")
    )
    rows = commune.resolve(frame, paths, code="c", on="d").collect()
    assert len(rows) == len(codes) * len(DAYS)
    assert [(row.c, row.d) for row in rows if told[row.d][row.c] != row.commune_at] == []


def test_every_commune_of_the_release_is_its_own_and_every_other_leads_to_one():
    history = history_of(arrow_table(None, "commune_change").to_pylist())
    today = {row["code"] for row in arrow_table(None, "commune").to_pylist() if row["kind"] == "COM"}
    assert all(history.at(code, DAYS[-1]) == (code, "current") for code in today)
    lost = {code for code in history.events if history.at(code, DAYS[-1])[0] not in today}
    assert lost == {"08227", "45117", "51385", "51606", "60606", "77362"}  # shared among several


def test_intervals_leave_no_day_out():
    by_code: dict[str, list[dict]] = {}
    for row in arrow_paths(None).to_pylist():
        by_code.setdefault(row["code"], []).append(row)
    for rows in by_code.values():
        assert rows[0]["from"] is None and rows[-1]["until"] is None
        assert all(one["until"] == two["from"] for one, two in pairwise(rows))


HISTORY = history_of(arrow_table(None, "commune_change").to_pylist())


@hypothesis_settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(HISTORY.events)), st.dates(date(1943, 1, 1), date(2026, 1, 1)))
def test_what_is_in_force_at_a_date_stays_itself_at_that_date(code, day):
    found, status = HISTORY.at(code, day)
    again, status_again = HISTORY.at(found, day)
    assert again == found
    assert status_again == ("current" if status == "moved" else status)
