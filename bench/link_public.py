"""Public labelled sets, linked by the machinery of the score and by Splink alone in the same run.

``python -m bench.link_public FOLDER`` reads what ``bench/link_public_data.py`` wrote there. There is no French number
here and no household to be kept apart: the score goes without guards, trained on the set itself without its labels, as
Splink is. Ends with code 1 when its F1 is under Splink's.
"""

import json
import logging
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb
import splink.comparison_level_library as cll
import splink.comparison_library as cl
from splink import Linker, SettingsCreator, block_on
from splink.backends.duckdb import DuckDBAPI

from bench.link_splink import birth_date
from jobs.link.model import parse
from jobs.link.score import score
from jobs.train_linkage.train import train

SETS = ("febrl4", "census", "register")
SESSIONS = ("l.one_family = r.one_family and l.one_given = r.one_given", "l.one_date = r.one_date")
FLAT = """
CREATE TABLE {side} AS SELECT id AS unique_id, truth,
    nullif(regexp_replace(upper(strip_accents(given)), '[^A-Z]', '', 'g'), '') AS given,
    nullif(regexp_replace(upper(strip_accents(family)), '[^A-Z]', '', 'g'), '') AS family,
    strftime(try_strptime(birth, '%Y%m%d'), '%Y-%m-%d') AS birth, sex, number, lower(place) AS place
FROM '{path}' ORDER BY id
"""
ROWS = """
COPY (
    WITH pooled AS (SELECT *, false AS is_person FROM a UNION ALL SELECT *, true FROM b),
    dated AS (SELECT *, CAST(birth AS DATE) AS born FROM pooled)
    SELECT unique_id AS unit, is_person, '2026-01-01' AS night, number, number IS NOT NULL AS own_number,
        family AS family_key, CAST(NULL AS VARCHAR) AS used_key, given AS given_key, born AS birth_date,
        CAST(year(born) AS BIGINT) AS birth_year, sex, CAST(NULL AS BIGINT) AS birth_rank, place AS birth_place,
        CAST(NULL AS VARCHAR) AS declared, list_filter([
            hash('n' || number), hash('d' || birth), hash('fg' || family || ' ' || given),
            hash('fp' || substr(family, 1, 4) || place), hash('gp' || substr(given, 1, 4) || place),
            hash('gy' || given || year(born) || substr(family, 1, 1)), hash('fy' || family || year(born)),
            hash('fm' || family || strftime(born, '%m%d')), hash('gm' || given || strftime(born, '%m%d'))
        ], lambda x: x IS NOT NULL) AS blocks
    FROM dated
) TO '{path}'
"""


def figures(links: dict[str, str], engine: duckdb.DuckDBPyConnection) -> dict[str, float]:
    """Precision, recall and F1 of best links."""
    truth = {side: dict(engine.execute(f"SELECT unique_id, truth FROM {side}").fetchall()) for side in "ab"}
    known = set(truth["b"].values())
    right = sum(truth["a"][one] == truth["b"][other] for one, other in links.items())
    precision, recall = right / max(len(links), 1), right / sum(one in known for one in truth["a"].values())
    f1 = 2 * precision * recall / (precision + recall)
    return {name: round(value, 4) for name, value in zip("PRF", (precision, recall, f1), strict=True)}


def ours(engine: duckdb.DuckDBPyConnection, scratch: Path) -> dict[str, str]:
    """Best links of the score under a model trained on the set."""
    path = scratch / "rows.parquet"
    engine.execute(ROWS.format(path=path))
    persons = engine.sql("SELECT count(*) FROM b").fetchall()[0][0]
    model = parse(train([str(path)], "model-1", [], persons, SESSIONS))
    links = score([str(path)], model, scratch, {}).links.to_pylist()
    return {row["unit"]: row["target"] for row in links if row["to_person"]}


def splink_alone(engine: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Best links at p >= 0.95, which is where Splink did best on these sets."""
    settings = SettingsCreator(
        link_type="link_only",
        comparisons=[
            cl.NameComparison("family").configure(term_frequency_adjustments=True),
            cl.NameComparison("given").configure(term_frequency_adjustments=True),
            birth_date(),
            cl.ExactMatch("sex"),
            cl.CustomComparison(
                output_column_name="number",
                comparison_levels=[
                    cll.NullLevel("number"),
                    cll.ExactMatchLevel("number"),
                    cll.LevenshteinLevel("number", 2),
                    cll.ElseLevel(),
                ],
            ),
            cl.LevenshteinAtThresholds("place", 2).configure(term_frequency_adjustments=True),
        ],
        blocking_rules_to_generate_predictions=[
            block_on("number"),
            block_on("birth"),
            block_on("family", "given"),
            block_on("substr(family, 1, 4)", "place"),
            block_on("substr(given, 1, 4)", "place"),
            block_on("given", "substr(birth, 1, 4)", "substr(family, 1, 1)"),
            block_on("family", "substr(birth, 1, 4)"),
            block_on("family", "substr(birth, 6, 5)"),
            block_on("given", "substr(birth, 6, 5)"),
        ],
    )
    api = DuckDBAPI(connection=engine)
    linker = Linker([api.register("a"), api.register("b")], settings, log_level=logging.ERROR)
    linker.training.estimate_probability_two_random_records_match([block_on("family", "given", "birth")], recall=0.7)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for rule in (block_on("family", "given"), block_on("birth")):
        linker.training.estimate_parameters_using_expectation_maximisation(rule, record_sample_proportion=1.0)
    found = linker.inference.predict(threshold_match_probability=0.95).as_duckdbpyrelation()
    left = {one for (one,) in engine.sql("SELECT unique_id FROM a").fetchall()}
    best: dict[str, tuple[float, str]] = {}
    for one, other, weight in found.select("unique_id_l, unique_id_r, match_weight").fetchall():
        record, person = (one, other) if one in left else (other, one)
        best[record] = max(best.get(record, (weight, person)), (weight, person))
    return {record: person for record, (_, person) in best.items()}


def main(folder: Path) -> int:
    """All sets; the exit code counts those on which Splink alone is better."""
    worse = 0
    for name in SETS:
        told: dict[str, Any] = {"set": name}
        with tempfile.TemporaryDirectory() as scratch, duckdb.connect(config={"threads": 2}) as engine:
            for side in "ab":
                engine.execute(FLAT.format(side=side, path=folder / f"{name}-{side}.parquet"))
            for who, links in (("splink", lambda: splink_alone(engine)), ("ours", lambda: ours(engine, Path(scratch)))):
                started = time.monotonic()
                told[who] = figures(links(), engine) | {"seconds": round(time.monotonic() - started, 1)}
        worse += told["ours"]["F"] < told["splink"]["F"]
        print(json.dumps(told), flush=True)
    return worse


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
