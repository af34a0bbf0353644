"""The person index: what a night adds to it. Nothing in it is ever changed or drawn again."""

from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.core.tokens import token_hex, with_key
from jobs.link.evidence import edges
from jobs.link.groups import groups, tiers
from jobs.link.keep import Keep
from jobs.link.traits import keys, nodes

RULES_VERSION = "deterministic-1"
NEW_PERSON = "new_person"


@dataclass(frozen=True)
class Additions:
    """The rows that a night adds: person, person_trait, link and crosswalk, each as its schema declares."""

    person: DataFrame
    person_trait: DataFrame
    link: DataFrame
    crosswalk: DataFrame


def decide(new_rows: DataFrame, base_traits: DataFrame | None, keep: Keep) -> DataFrame:
    """subject_id, label, person_id (of the index, or null), tier for each new subject.

    ``new_rows`` are the trait rows of subjects that the crosswalk does not know. Only persons that share a key with one
    of them are looked at.
    """
    rows = new_rows.withColumn("node_id", F.col("subject_id")).withColumn("is_person", F.lit(False))
    if base_traits is not None:
        rows = rows.unionByName(met_persons(rows, base_traits))
    rows = keep(rows)
    everyone = keep(nodes(rows))
    found = keep(edges(keep(keys(rows, "node_id")), everyone, keep))
    grouped = groups(found, everyone, keep)
    label = F.coalesce("label", "node_id").alias("label")
    members = everyone.join(grouped, "node_id", how="left").select("node_id", "is_person", label)
    person = members.where("is_person").select("label", F.col("node_id").alias("person_id"))
    return (
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
        "subject_id", "person_id", F.lit(night).alias("night"), "tier", F.lit(RULES_VERSION).alias("rules_version")
    )
    traits = new_traits.unionByName(known_rows).withColumn("night", F.lit(night))
    return Additions(person, traits, stamped, numbered.select("subject_id", "person_id"))


def commonest(name: str) -> Column:
    """The value stated most often; of equals the smallest."""
    return F.mode(F.col(name), deterministic=True)
