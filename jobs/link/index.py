"""The person index: what a night adds to it. Nothing in it is ever changed or drawn again."""

from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.core.tokens import token_hex, with_key

RULES_VERSION = "deterministic-2"
NUMBERED = ("tier", "grade", "weight_centibits", "levels", "lead_centibits", "model_version")


@dataclass(frozen=True)
class Additions:
    """The rows that a night adds: person, person_trait, link and crosswalk, each as its schema declares."""

    person: DataFrame
    person_trait: DataFrame
    link: DataFrame
    crosswalk: DataFrame


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
        *NUMBERED,
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
        F.lit(RULES_VERSION).alias("rules_version"),
        *NUMBERED,
    )
    traits = new_traits.unionByName(known_rows).withColumn("night", F.lit(night))
    return Additions(person, traits, stamped, numbered.select("subject_id", "person_id"))


def commonest(name: str) -> Column:
    """The value stated most often; of equals the smallest."""
    return F.mode(F.col(name), deterministic=True)
