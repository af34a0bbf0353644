"""The person index: what a night adds to it. Nothing in it is ever changed or drawn again."""

from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.core.tokens import token_hex, with_key
from jobs.link.evidence import edges, judge
from jobs.link.groups import groups, tiers
from jobs.link.keep import Keep
from jobs.link.refusals import Steps
from jobs.link.traits import keys, nodes, without_shared

RULES_VERSION = "deterministic-2"
NEW_PERSON = "new_person"
# What agrees where a tier links.
LEVELS = {
    "number_birth_date": "number birth_date",
    "number_first_name": "number given_name birth_year",
    "exact_traits": "family_name given_name birth_date sex",
}


@dataclass(frozen=True)
class Additions:
    """The rows that a night adds: person, person_trait, link and crosswalk, each as its schema declares."""

    person: DataFrame
    person_trait: DataFrame
    link: DataFrame
    crosswalk: DataFrame


@dataclass(frozen=True)
class Decided:
    """subject_id, label, person_id (of the index, or null), tier for each new subject; and the steps that led there."""

    subjects: DataFrame
    steps: Steps


def decide(new_rows: DataFrame, base_traits: DataFrame | None, mothers: DataFrame, keep: Keep) -> Decided:
    """Who each new subject is.

    ``new_rows`` are the trait rows of subjects that the crosswalk does not know. Only persons that share a key with one
    of them are looked at. ``mothers``: subject_id and mother_subject_id, where a producer declared it.
    """
    rows = new_rows.withColumn("node_id", F.col("subject_id")).withColumn("is_person", F.lit(False))
    if base_traits is not None:
        rows = rows.unionByName(met_persons(rows, base_traits))
    rows = without_shared(keep(rows))
    everyone, met = keep(nodes(rows)), keep(keys(rows, "node_id"))
    judged = keep(judge(met, everyone))
    found = keep(edges(judged))
    grouped = groups(found, everyone, keep)
    label = F.coalesce("label", "node_id").alias("label")
    members = keep(everyone.join(grouped, "node_id", how="left").select("node_id", "is_person", label))
    person = members.where("is_person").select("label", F.col("node_id").alias("person_id"))
    subjects = (
        members.where("not is_person")
        .join(person, "label", how="left")
        .join(tiers(found, grouped), "node_id", how="left")
        .select(
            F.col("node_id").alias("subject_id"),
            "label",
            "person_id",
            F.coalesce("tier", F.lit(NEW_PERSON)).alias("tier"),
        )
    )
    return Decided(subjects, Steps(judged, found, everyone, met, members, mothers))


def met_persons(rows: DataFrame, base_traits: DataFrame) -> DataFrame:
    """All trait rows of the persons of the index that share a key with a new subject, as nodes."""
    wanted = keys(rows, "node_id").select("kind", "key").distinct()
    met = keys(base_traits, "person_id").join(wanted, ["kind", "key"], how="left_semi").select("person_id").distinct()
    persons = base_traits.join(met, "person_id", how="left_semi")
    return persons.withColumn("node_id", F.col("person_id")).withColumn("is_person", F.lit(True)).select(rows.columns)


def number_persons(decided: DataFrame, night: str, key: DataFrame) -> DataFrame:
    """The decisions with a person for everyone: that of the index, else a new unguessable one.

    A new person is HMAC(index key, night and smallest new subject): the same on a re-run, another in another night.
    """
    founder = decided.groupBy("label").agg(F.min("subject_id").alias("founder"))
    drawn = with_key(decided.join(founder, "label", how="inner"), key)
    new = token_hex("person", F.lit(night), F.col("founder"))
    return drawn.select(
        "subject_id",
        F.coalesce("person_id", new).alias("person_id"),
        F.col("person_id").isNull().alias("is_new"),
        "tier",
    )


def additions(new_rows: DataFrame, known_rows: DataFrame, numbered: DataFrame, night: str) -> Additions:
    """The rows that this night adds to the index.

    ``known_rows`` are trait rows of known subjects with their ``person_id``; ``numbered`` comes from number_persons.
    """
    new_traits = new_rows.join(numbered.select("subject_id", "person_id"), "subject_id", how="inner")
    founding = new_rows.join(numbered.where("is_new").select("subject_id", "person_id"), "subject_id", how="inner")
    person = founding.groupBy("person_id").agg(
        F.lit(night).alias("created_night"), commonest("sex").alias("sex"), commonest("birth_date").alias("birth_date")
    )
    stamped = numbered.select(
        "subject_id",
        "person_id",
        F.lit(night).alias("night"),
        "tier",
        F.lit("certain").alias("grade"),
        F.lit(None).cast("bigint").alias("weight_centibits"),
        levels_of(F.col("tier")).alias("levels"),
        F.lit(None).cast("bigint").alias("lead_centibits"),
        F.lit(RULES_VERSION).alias("rules_version"),
        F.lit(None).cast("string").alias("model_version"),
    )
    traits = new_traits.unionByName(known_rows).withColumn("night", F.lit(night))
    return Additions(person, traits, stamped, numbered.select("subject_id", "person_id"))


def levels_of(tier: Column) -> Column:
    """What a rule saw agree; null for a new person."""
    found = F.lit(None).cast("string")
    for name, words in LEVELS.items():
        found = F.when(tier == name, words).otherwise(found)
    return found


def commonest(name: str) -> Column:
    """The value stated most often; of equals the smallest."""
    return F.mode(F.col(name), deterministic=True)
