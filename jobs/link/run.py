"""The link stage: claims in, a night's index and crosswalk out. Both become current only with the night's release."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.core.attempt import attempt_folder
from jobs.core.keys import check_value, key_table, require_same_key
from jobs.core.nights import require_serial
from jobs.core.schema import load_schema
from jobs.core.session import spark_session
from jobs.core.settings import Settings
from jobs.core.snapshot import Partitions, Pool, files_of, tables_to_json, write_json
from jobs.core.tables import write_small, write_table
from jobs.link.change import change
from jobs.link.decide import decide
from jobs.link.index import RULES_VERSION, Additions, additions, number_persons
from jobs.link.inputs import Arrival, Base, arrivals, joined, load_base, read_claims, states_of
from jobs.link.keep import Keep
from jobs.link.lookup import Index, index_of
from jobs.link.measures import measure
from jobs.link.merge import reconsider
from jobs.link.model import load_model, require_known_model
from jobs.link.refusals import shared_numbers, told
from jobs.link.traits import trait_rows
from jobs.link.walk import CROSSWALK
from jobs.pseudonymise.generalise import department
from jobs.rights.opposed import write_opposed
from jobs.rights.register import OPPOSITION, load

Counts = dict[str, Any]
TABLES = ("link", "person", "person_trait", "refusal", "relation", "review_item", "decision", "person_event")


def link(settings: Settings, night: str, source: str | None = None) -> Counts:
    """Recognise the same person across sources."""
    require_serial(settings, night)
    states = states_of(settings, night)
    base = load_base(settings, night)
    require_same_key(settings, "index", base.key_check)
    require_known_model(load_model(), base.model_version)
    changed = change(settings, night, base.night, base.index, base.walk)
    base = base.also(changed.index, changed.moves)
    found = arrivals(states, base)
    inputs = {name: state["claims"] for name, state in states.items()}
    if not found and not (changed.told and load(settings).has(OPPOSITION)):
        counts = count_by_tier([]) | {"claims": 0, "subjects_known": 0, "persons_new": 0}
        write_opposed(settings, night, base.night)
        return publish(settings, night, base, {}, {}, inputs, counts)
    size = sum(file.bytes for arrival in found for file in arrival.files)
    with attempt_folder(settings) as attempt, spark_session(settings, f"link {night}", size) as spark:
        return link_claims(spark, settings, night, base, found, inputs, attempt)


def link_claims(
    spark: SparkSession,
    settings: Settings,
    night: str,
    base: Base,
    found: list[Arrival],
    inputs: dict[str, Any],
    attempt: Path,
) -> Counts:
    """Link the new claims and write what they add."""
    keep = Keep(attempt)
    claims = keep(read_claims(spark, settings, found))
    index_before = index_of(settings, base)
    new, known = split(trait_rows(claims), index_before, keep)
    decided = decide(new, with_tonight(index_before, known), mothers_of(claims, keep), keep)
    numbered = keep(number_persons(decided.subjects, night, key_table(spark, settings, "index")))
    index, crosswalk = write(settings, night, additions(new, known, numbered, night), attempt)
    refused = told(decided, night, RULES_VERSION)
    index |= write_told(settings, night, refused, attempt)
    changed = reconsider(settings, night, known, index_before, base, keep)
    base = base.also(changed.index, changed.moves)
    traits_now = base.index.get("person_trait", {}) | index["person_trait"]
    write_opposed(settings, night, base.night, spark, traits_now, base.walk | {CROSSWALK: walked(base, crosswalk)})
    counts = count_by_tier(numbered.groupBy("tier").count().collect())
    counts |= {
        "claims": claims.count(),
        "subjects_known": known.select("subject_id").distinct().count(),
        "persons_new": sum(file.rows for file in files_of(index["person"])),
        "refused": count_by(refused["refusal"], "guard"),
        "relations": count_by(refused["relation"], "kind"),
        "shared_numbers": shared_numbers(decided),
        "to_review": refused["review_item"].num_rows,
    }
    homes = keep(claims.select("subject_id", department(F.col("residence_code")).alias("department")))
    return publish(settings, night, base, index, crosswalk, inputs, counts, Keep.files(homes))


def with_tonight(index: Index | None, known: DataFrame) -> Index | None:
    """The index with what known subjects state tonight (kept rows) beside it: a new subject may fit that alone."""
    return replace(index, traits=[*index.traits, *Keep.files(known)]) if index is not None else None


def mothers_of(claims: DataFrame, keep: Keep) -> DataFrame:
    """subject_id and mother_subject_id, where a producer declared who the mother is."""
    return keep(claims.where("mother_subject_id is not null").select("subject_id", "mother_subject_id").distinct())


def count_by(table: pa.Table, name: str) -> dict[str, int]:
    """How many rows of each kind."""
    return dict(sorted(Counter(table[name].to_pylist()).items()))


def write_told(settings: Settings, night: str, tables: dict[str, pa.Table], attempt: Path) -> dict[str, Partitions]:
    """Write what the night did not link; a table without rows has no file."""
    pool = Pool(settings.identity / "pool")
    written = {
        name: write_small(table, load_schema(f"identity/{name}"), pool, attempt)
        for name, table in tables.items()
        if table.num_rows
    }
    return {name: {night: [written[name]] if name in written else []} for name in tables}


def split(rows: DataFrame, index: Index | None, keep: Keep) -> tuple[DataFrame, DataFrame]:
    """Trait rows of new subjects, and those that are new of known subjects, with their person."""
    rows = keep(rows)
    if index is None:
        return rows, rows.limit(0).withColumn("person_id", F.lit(None).cast("string"))
    people = index.people(rows, keep)
    claims = index.claims(rows, keep).select("subject_id", "claim_id")
    known = rows.join(people, "subject_id", how="inner").join(claims, ["subject_id", "claim_id"], how="left_anti")
    return keep(rows.join(people, "subject_id", how="left_anti")), keep(known)


def write(settings: Settings, night: str, added: Additions, attempt: Path) -> tuple[dict[str, Partitions], Partitions]:
    """Write what the night adds into the pools; nothing names these files yet."""
    pool = Pool(settings.identity / "pool")
    index = {
        name: write_table(getattr(added, name), load_schema(f"identity/{name}"), pool, attempt)
        for name in ("person", "person_trait", "link")
    }
    schema = load_schema("crosswalk/crosswalk")
    walk = write_table(added.crosswalk, schema, Pool(settings.crosswalk / "pool"), attempt)
    return index, {night: files_of(walk)}


def publish(
    settings: Settings,
    night: str,
    base: Base,
    index: dict[str, Partitions],
    crosswalk: Partitions,
    inputs: dict[str, Any],
    counts: Counts,
    homes: Sequence[str] = (),
) -> Counts:
    """Name the files of this night on top of the base's: crosswalk first, index last, which says that all is done."""
    tables = {name: joined(base.index.get(name, {}), index.get(name, {})) for name in TABLES}
    walk_now = base.walk | {CROSSWALK: walked(base, crosswalk)}
    walk = {"night": night, "base": base.night, "tables": tables_to_json(walk_now)}
    head = {"night": night, "base": base.night, "rules_version": RULES_VERSION, "inputs": inputs, "counts": counts}
    head |= {"model_version": load_model().version}
    check = check_value(settings, "index")
    persons = sum(file.rows for file in files_of(tables["person"]))
    summary = {"tiers": counts["tiers"], "subjects": counts["subjects_new"], "persons": persons}
    measures = measure(settings, night, tables, walk_now, homes)
    write_json(settings.ledger / "linkage" / f"{night}.json", summary | measures)
    write_json(settings.crosswalk / night / "crosswalk.json", walk)
    write_json(settings.identity / night / "index.json", head | {"key_check": check, "tables": tables_to_json(tables)})
    return counts


def walked(base: Base, crosswalk: Partitions) -> Partitions:
    """The crosswalk of the night."""
    return joined(base.walk.get(CROSSWALK, {}), crosswalk)


def count_by_tier(found: list[Any]) -> Counts:
    """How many new subjects each rule linked; ``new_person`` are those that nothing tied to another."""
    tiers = {row["tier"]: row["count"] for row in found}
    return {"subjects_new": sum(tiers.values()), "tiers": dict(sorted(tiers.items()))}
