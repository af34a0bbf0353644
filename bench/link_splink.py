"""Splink alone, as its own guides set it up: names with term frequencies, the birth date as text, wide blocking."""

import logging
from pathlib import Path

import duckdb
import splink.comparison_level_library as cll
import splink.comparison_library as cl
from pyspark.sql import SparkSession
from splink import Linker, SettingsCreator, block_on
from splink.backends.duckdb import DuckDBAPI

from jobs.link.traits import trait_rows

ACCEPTED = 0.999
FLAT = """
CREATE TABLE {name} AS SELECT subject_id AS unique_id, any_value(number) AS number, any_value(family_key) AS family,
    any_value(given_key) AS given, CAST(any_value(birth_date) AS VARCHAR) AS birth, any_value(sex) AS sex,
    any_value(birth_place) AS place, substr(any_value(family_key), 1, 4) AS family4,
    substr(any_value(given_key), 1, 3) AS given3, substr(CAST(any_value(birth_date) AS VARCHAR), 1, 4) AS year
FROM {rows} GROUP BY subject_id ORDER BY subject_id
"""


def birth_date() -> cl.CustomComparison:
    """Exact, day and month swapped, one edit, same year, else."""
    swapped = "concat(substr(birth_l, 1, 5), substr(birth_l, 9, 2), '-', substr(birth_l, 6, 2)) = birth_r"
    return cl.CustomComparison(
        output_column_name="birth",
        comparison_levels=[
            cll.NullLevel("birth"),
            cll.ExactMatchLevel("birth"),
            cll.CustomLevel(swapped, "swapped"),
            cll.LevenshteinLevel("birth", 1),
            cll.CustomLevel("substr(birth_l, 1, 4) = substr(birth_r, 1, 4)", "year"),
            cll.ElseLevel(),
        ],
    )


def settings() -> SettingsCreator:
    """Comparisons and blocking rules."""
    return SettingsCreator(
        link_type="link_only",
        comparisons=[
            cl.NameComparison("family").configure(term_frequency_adjustments=True),
            cl.NameComparison("given").configure(term_frequency_adjustments=True),
            birth_date(),
            cl.ExactMatch("sex"),
            cl.ExactMatch("place").configure(term_frequency_adjustments=True),
            cl.ExactMatch("number"),
        ],
        blocking_rules_to_generate_predictions=[
            block_on("number"),
            block_on("birth", "family4"),
            block_on("birth", "given3"),
            block_on("family", "given", "year"),
            block_on("family", "given", "place"),
        ],
    )


def best_links(spark: SparkSession, folder: Path, source: str) -> dict[str, str]:
    """The best candidate of each record at p >= 0.999, after training on the two sets themselves."""
    engine = duckdb.connect(config={"threads": 2})
    for name in ("register", source):
        rows = trait_rows(spark.read.parquet(str(folder / f"{name}.parquet"))).toArrow()
        engine.register("rows", rows)
        engine.execute(FLAT.format(name=name, rows="rows"))
    api = DuckDBAPI(connection=engine)
    linker = Linker([api.register("register"), api.register(source)], settings(), log_level=logging.ERROR)
    linker.training.estimate_probability_two_random_records_match(
        [block_on("number", "birth"), block_on("family", "given", "birth", "sex")], recall=0.9
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for rule in (block_on("birth", "family"), block_on("number")):
        linker.training.estimate_parameters_using_expectation_maximisation(rule, record_sample_proportion=1.0)
    found = linker.inference.predict(threshold_match_probability=ACCEPTED).as_duckdbpyrelation()
    best: dict[str, tuple[float, str]] = {}
    rows = found.select("unique_id_l, unique_id_r, match_weight").fetchall()
    for left, right, weight in rows:
        record, person = (right, left) if left.startswith("r") else (left, right)
        if record not in best or (weight, person) > best[record]:
            best[record] = (weight, person)
    engine.close()
    return {record: person for record, (_, person) in best.items()}
