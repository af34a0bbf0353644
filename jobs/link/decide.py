"""Who each new subject is: the rules first, then the score for what they leave."""

from dataclasses import dataclass

from pyspark.sql import DataFrame

from jobs.link.blocks import BLOCKS, RULED, SCORED_ROWS
from jobs.link.engine import run
from jobs.link.evidence import EDGES, judge
from jobs.link.groups import units
from jobs.link.keep import Keep
from jobs.link.lookup import Index
from jobs.link.model import Model, load_model
from jobs.link.score import Scored, score
from jobs.link.traits import TRAITS, met

# ruff: noqa: S608 - the queries are put together from the names and texts of the rules, never from data
NEW_PERSON, SCORE = "new_person", "score"
PROBABLE = 997  # centibits over even odds: 999 in 1000; a lighter link is possible
# What agrees where a rule links.
LEVELS = {
    "number_birth_date": "number birth_date",
    "number_first_name": "number given_name birth_year",
    "exact_traits": "family_name given_name birth_date sex",
}


@dataclass(frozen=True)
class Steps:
    """The kept frames that led to the decisions: judged pairs, edges, nodes with their keys and units, mothers."""

    judged: DataFrame
    edges: DataFrame
    nodes: DataFrame
    keys: DataFrame
    units: DataFrame
    mothers: DataFrame


@dataclass(frozen=True)
class Decided:
    """What a night decided.

    ``subjects``: subject_id, label (one for all subjects of a person), person_id (of the index, or null), tier, grade,
    weight_centibits, levels, lead_centibits, model_version for each new subject.
    """

    subjects: DataFrame
    steps: Steps
    scored: Scored


def decide(
    new_rows: DataFrame, index: Index | None, mothers: DataFrame, keep: Keep, model: Model | None = None
) -> Decided:
    """Who each new subject is.

    ``new_rows`` are the kept trait rows of subjects that the crosswalk does not know. Only persons of the ``index``
    that share a key with one of them are looked at. ``mothers``: subject_id and mother_subject_id, where a producer
    declared it. ``model``: the one in force unless given.
    """
    model = model or load_model()
    tables, sides = {"new_rows": new_rows}, [("new_rows", "subject_id", False)]
    if index is not None:
        tables["index_rows"] = index.sharing(new_rows, RULED, keep)
        sides.append(("index_rows", "person_id", True))
    rows = run(met(*sides), keep, **tables)
    seen = judge(rows, keep)
    edges = run(EDGES, keep, judged=seen.judged)
    found = units(edges, seen.nodes, keep)
    scored = score(Keep.files(candidates(rows, found, index, keep)), model, keep.folder)
    links = keep.table(rows.sparkSession, scored.links)
    subjects = run(attached(model.version), keep, units=found, links=links)
    return Decided(subjects, Steps(seen.judged, edges, seen.nodes, seen.keys, found, mothers), scored)


def candidates(rows: DataFrame, found: DataFrame, index: Index | None, keep: Keep) -> DataFrame:
    """What the score reads: trait rows of every unit of a night, and of persons that share a block with its residue.

    ``rows`` are the trait rows of all nodes that the tiers saw; ``found``: their units, see ``groups.UNITS``.
    """
    mine = run(MINE, keep, rows=rows, units=found)
    if index is None:
        return run(SCORED_ROWS, keep, rows=mine)
    asking = run("SELECT * FROM mine WHERE NOT is_person", keep, mine=mine)
    others = index.sharing(asking, BLOCKS, keep)
    return run(SCORED_ROWS, keep, rows=run(OTHERS, keep, mine=mine, others=others))


MINE = f"""
SELECT {", ".join(TRAITS)}, unit, u.is_person AS is_person FROM rows JOIN units u USING (node_id)
"""
OTHERS = f"""
SELECT {", ".join(TRAITS)}, unit, is_person FROM mine
UNION ALL SELECT {", ".join(TRAITS)}, person_id, true FROM others
LEFT JOIN (SELECT DISTINCT unit FROM mine WHERE is_person) AS known ON unit = person_id WHERE unit IS NULL
"""


def attached(version: str) -> str:
    """A query for the new subjects with what the score found (``Scored.links``): the columns of ``Decided.subjects``.

    Of units that the score ties within a night, the one that gives the person its name keeps the tier of its rule.
    """
    levels = " ".join(f"WHEN '{tier}' THEN '{words}'" for tier, words in LEVELS.items())
    return f"""
WITH joined AS (
    SELECT *, target IS NOT NULL AND (to_person OR target <> unit OR tier IS NULL) AS by_score
    FROM units LEFT JOIN links USING (unit) WHERE of_night
)
SELECT node_id AS subject_id, coalesce(target, unit) AS label,
    CASE WHEN is_person THEN unit WHEN to_person THEN target END AS person_id,
    CASE WHEN by_score THEN '{SCORE}' ELSE coalesce(tier, '{NEW_PERSON}') END AS tier,
    CASE WHEN NOT by_score THEN 'certain' WHEN weight_centibits < {PROBABLE} THEN 'possible' ELSE 'probable' END
        AS grade,
    CASE WHEN by_score THEN weight_centibits END AS weight_centibits,
    CASE WHEN by_score THEN levels ELSE CASE tier {levels} END END AS levels,
    CASE WHEN by_score THEN lead_centibits END AS lead_centibits,
    CASE WHEN by_score THEN '{version}' END AS model_version
FROM joined
"""
