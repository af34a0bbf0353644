"""Who each new subject is: the rules first, then the score for what they leave."""

from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.link.blocks import BLOCKS, RULED, scored_rows
from jobs.link.evidence import edges, judge
from jobs.link.groups import groups, tiers
from jobs.link.keep import Keep
from jobs.link.lookup import Index
from jobs.link.model import Model, load_model
from jobs.link.score import Scored, score
from jobs.link.traits import TRAITS, keys, nodes, without_shared

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

    ``new_rows`` are the trait rows of subjects that the crosswalk does not know, kept if there is an ``index``. Only
    persons that share a key with one of them are looked at. ``mothers``: subject_id and mother_subject_id, where a
    producer declared it. ``model``: the one in force unless given.
    """
    model = model or load_model()
    rows = as_nodes(new_rows, "subject_id", is_person=False)
    if index is not None:
        rows = rows.unionByName(as_nodes(index.sharing(new_rows, RULED, keep), "person_id", is_person=True))
    rows = keep(without_shared(keep(rows)))
    everyone, met = keep(nodes(rows)), keep(keys(rows, "node_id"))
    judged = keep(judge(met, everyone))
    found = keep(edges(judged))
    grouped = groups(found, everyone, keep)
    units = keep(units_of(everyone.select("node_id", "is_person"), grouped, tiers(found, grouped)))
    scored = score(Keep.files(keep(candidates(rows, units, index, keep))), model, keep.folder)
    subjects = attach(units.where("of_night"), keep.table(rows.sparkSession, scored.links), model.version)
    return Decided(subjects, Steps(judged, found, everyone, met, units, mothers), scored)


def as_nodes(rows: DataFrame, name: str, *, is_person: bool) -> DataFrame:
    """Trait rows with ``node_id`` and ``is_person``."""
    return rows.select(*TRAITS, F.col(name).alias("node_id"), F.lit(is_person).alias("is_person"))


def candidates(rows: DataFrame, units: DataFrame, index: Index | None, keep: Keep) -> DataFrame:
    """What the score reads: trait rows of every unit of a night, and of persons that share a block with its residue.

    ``rows`` are the trait rows of all nodes that the tiers saw; ``units``: node_id, unit, is_person (of the unit).
    """
    mine = rows.drop("is_person").join(units.select("node_id", "unit", "is_person"), "node_id", how="inner")
    mine = mine.select(*TRAITS, "unit", "is_person")
    if index is not None:
        found = index.sharing(keep(mine.where("not is_person")), BLOCKS, keep)
        known = units.where("is_person").select("unit").distinct()
        more = found.withColumn("unit", F.col("person_id")).join(known, "unit", how="left_anti")
        mine = mine.unionByName(more.select(*TRAITS, "unit", F.lit(True).alias("is_person")))
    return scored_rows(mine)


def units_of(everyone: DataFrame, grouped: DataFrame, tier: DataFrame) -> DataFrame:
    """node_id, of_night (a new subject), unit, is_person (of the unit), tier of the rule (null: none tied it).

    A unit is what the rules hold for one person, named by the person of the index, else by its smallest subject.
    """
    label = F.coalesce("label", "node_id").alias("label")
    members = everyone.join(grouped, "node_id", how="left").select("node_id", "is_person", label)
    names = members.groupBy("label").agg(
        F.min(F.when(F.col("is_person"), F.col("node_id"))).alias("person"),
        F.min(F.when(~F.col("is_person"), F.col("node_id"))).alias("founder"),
    )
    return (
        members.join(names, "label", how="inner")
        .join(tier, "node_id", how="left")
        .select(
            "node_id",
            (~F.col("is_person")).alias("of_night"),
            F.coalesce("person", "founder").alias("unit"),
            F.col("person").isNotNull().alias("is_person"),
            "tier",
        )
    )


def attach(ruled: DataFrame, links: DataFrame, version: str) -> DataFrame:
    """The subjects of ``units_of`` with what the score found (``Scored.links``): the columns of ``Decided.subjects``.

    Of units that the score ties within a night, the one that gives the person its name keeps the tier of its rule.
    """
    moved = F.col("to_person") | (F.col("target") != F.col("unit")) | F.col("tier").isNull()
    by_score = F.col("target").isNotNull() & moved
    tier = F.when(by_score, SCORE).otherwise(F.coalesce("tier", F.lit(NEW_PERSON)))
    person = F.when(F.col("is_person"), F.col("unit")).when(F.col("to_person"), F.col("target"))
    grade = F.when(by_score & (F.col("weight_centibits") < PROBABLE), "possible").when(by_score, "probable")
    return ruled.join(links, "unit", how="left").select(
        F.col("node_id").alias("subject_id"),
        F.coalesce("target", "unit").alias("label"),
        person.alias("person_id"),
        tier.alias("tier"),
        grade.otherwise("certain").alias("grade"),
        F.when(by_score, F.col("weight_centibits")).alias("weight_centibits"),
        F.when(by_score, F.col("levels")).otherwise(levels_of(F.col("tier"))).alias("levels"),
        F.when(by_score, F.col("lead_centibits")).alias("lead_centibits"),
        F.when(by_score, version).alias("model_version"),
    )


def levels_of(tier: Column) -> Column:
    """What a rule saw agree; null for a new person."""
    found = F.lit(None).cast("string")
    for name, words in LEVELS.items():
        found = F.when(tier == name, words).otherwise(found)
    return found
