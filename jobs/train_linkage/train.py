"""Weights of the score by Splink: chance agreement from random pairs, errors by expectation-maximisation.

The result is a draft of a model file: whole numbers, no trait of anybody.
"""

import logging
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import duckdb
import splink
import splink.comparison_library as cl
from splink import Linker, SettingsCreator
from splink.backends.duckdb import DuckDBAPI

from jobs.link.comparisons import COMPARISONS, MACROS, Comparison
from jobs.link.model import digest
from jobs.link.score import LISTS, make_nodes

RANDOM_PAIRS = 5_000_000
SEED = 1
PERSONS = 68_000_000  # of the country: the prior of a candidate is one in so many, however small the index still is
RARE, FLOOR = 1e-4, 1e-8  # m and u of what no pair of the sample showed
CAP = 2_000  # centibits; no trait alone may say more
ACCEPT, KNOWN, REVIEW, LEAD = 317, 0, -317, 200  # centibits: 9 in 10, even odds, 1 in 10, four times the next's odds

# Both sessions leave out what they block on; together they see every comparison.
SESSIONS: tuple[Any, ...] = (
    "l.one_own = r.one_own",
    "l.one_family = r.one_family and l.one_given = r.one_given and l.one_year = r.one_year",
)
SHARES = {"family": 1 / 2000, "given": 1 / 200}  # of the records; a commoner name says less than a rare one
COMMON = """
SELECT name FROM (SELECT DISTINCT unit, {name} AS name FROM candidate_rows) WHERE name IS NOT NULL GROUP BY name
HAVING count(*) >= 100 AND count(*) >= $share * (SELECT count(DISTINCT unit) FROM candidate_rows) ORDER BY name
"""
RECORDS = """
CREATE TABLE record AS SELECT unit AS unique_id, own[1] AS one_own, families[1] AS one_family, given[1] AS one_given,
    years[1] AS one_year, dates[1] AS one_date, {lists} FROM (SELECT unit, {sorted} FROM node) ORDER BY unit
"""


def train(
    files: list[str], version: str, follows: list[str], persons: int = PERSONS, sessions: tuple[Any, ...] = SESSIONS
) -> dict[str, Any]:
    """A model from trait rows as ``candidate_rows`` makes them, one unit a subject. Same rows, same model.

    ``persons``: among how many a candidate is one; ``sessions``: pairs on which errors are learnt.

    One thread: Splink sums floats, whose order would depend on the number of threads.
    """
    with duckdb.connect(config={"threads": 1}) as engine, quiet():
        for name, body in MACROS.items():
            engine.execute(f"CREATE MACRO {name} AS {body}")
        engine.read_parquet(files).create_view("candidate_rows")
        common = common_names(engine)
        make_nodes(engine, common)
        sorted_lists = ", ".join(f"list_sort({name}) AS {name}" for name in LISTS)
        engine.execute(RECORDS.format(lists=", ".join(LISTS), sorted=sorted_lists))
        records = engine.sql("SELECT count(*) FROM record").fetchall()[0][0]
        learnt = learn(engine, sessions)
    value = model_of(learnt, version, follows, records, persons) | {
        "common": {kind: list(one) for kind, one in common.items()}
    }
    return value | {"sha256": digest(value)}


def common_names(engine: duckdb.DuckDBPyConnection) -> dict[str, tuple[str, ...]]:
    """Family and given names that so many records bear that they point at nobody; sorted."""
    names = {"family": "unnest(list_distinct([family_key, used_key]))", "given": "given_key"}
    return {
        kind: tuple(name for (name,) in engine.execute(COMMON.format(name=name), {"share": SHARES[kind]}).fetchall())
        for kind, name in names.items()
    }


def learn(engine: duckdb.DuckDBPyConnection, sessions: tuple[Any, ...]) -> dict[str, Any]:
    """Splink's own model after training."""
    api = DuckDBAPI(connection=engine)
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=[as_splink(one) for one in COMPARISONS],
        blocking_rules_to_generate_predictions=[*sessions],
        probability_two_random_records_match=1 / PERSONS,
    )
    linker = Linker(api.register("record"), settings, log_level=logging.ERROR)
    linker.training.estimate_u_using_random_sampling(max_pairs=RANDOM_PAIRS, seed=SEED)
    for rule in sessions:
        linker.training.estimate_parameters_using_expectation_maximisation(rule, record_sample_proportion=1.0)
    found: dict[str, Any] = linker.misc.save_model_to_json()
    return found


def as_splink(one: Comparison) -> cl.CustomComparison:
    """A comparison in Splink's words."""
    levels: list[Any] = [{"sql_condition": one.unknown, "label_for_charts": "unknown", "is_null_level": True}]
    levels += [{"sql_condition": when, "label_for_charts": str(level)} for level, when in one.numbered()]
    levels += [{"sql_condition": "ELSE", "label_for_charts": "0"}]
    return cl.CustomComparison(output_column_name=one.name, comparison_levels=levels)


def model_of(learnt: dict[str, Any], version: str, follows: list[str], records: int, persons: int) -> dict[str, Any]:
    """The content of a model file."""
    comparisons = []
    for one, theirs in zip(COMPARISONS, learnt["comparisons"], strict=True):
        trained = {at["label_for_charts"]: at for at in theirs["comparison_levels"]}
        levels = [level_of(number, when, trained[str(number)]) for number, when in [*one.numbered(), (0, "ELSE")]]
        comparisons.append({"name": one.name, "unknown": one.unknown, "levels": levels})
    return {
        "version": version,
        "follows": follows,
        "trained": {"splink": splink.__version__, "records": records, "random_pairs": RANDOM_PAIRS, "seed": SEED},
        "prior_centibits": -round(100 * math.log2(persons)),
        "accept_centibits": ACCEPT,
        "accept_known_centibits": KNOWN,
        "review_centibits": REVIEW,
        "lead_centibits": LEAD,
        "comparisons": comparisons,
    }


def level_of(number: int, when: str, trained: dict[str, Any]) -> dict[str, Any]:
    """One level with its probabilities and its weight; one that no pair showed at all weighs nothing."""
    m, u = (trained.get(name) or 0.0 for name in ("m_probability", "u_probability"))
    weight = round(100 * math.log2(max(m, RARE) / max(u, FLOOR))) if m or u else 0
    weight = max(-CAP, min(CAP, weight))
    return {"level": number, "when": when, "m": float(f"{m:.4g}"), "u": float(f"{u:.4g}"), "weight_centibits": weight}


@contextmanager
def quiet() -> Iterator[None]:
    """Splink's progress stays out of the log: its tables of values would show traits."""
    logger = logging.getLogger("splink")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)
