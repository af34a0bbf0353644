"""New claims of known subjects: two persons that turn out to be one, and one that turns out to be two.

Two persons of the index become one on two independent proofs: an own number with the birth date (or first given name
and year), and equal family name, given name, birth date and sex. A newborn's provisional person, which had no own
number, becomes one with the person whose number and birth date it states at last, if nothing else differs. One proof
alone, or more than one partner, is for a steward. A person never becomes two without a steward: a contradiction inside
it is an item of the split queue, and until that is decided no rule makes it one with another.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Any

import duckdb
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.core.attempt import attempt_folder
from jobs.core.keys import key_bytes
from jobs.core.settings import Settings
from jobs.core.snapshot import Pool
from jobs.link.blocks import RULED
from jobs.link.change import Change, by_person, persons_of, picked, small, written
from jobs.link.decide import as_nodes
from jobs.link.decisions import DIFFERENT, SAME, Decision, in_force, parts_of, read_decisions
from jobs.link.evidence import judge
from jobs.link.guards import hard_guards, is_baby
from jobs.link.inputs import Base
from jobs.link.keep import Keep
from jobs.link.lookup import Index
from jobs.link.settle import Move, settle
from jobs.link.traits import keys, nodes, without_shared

BY_RULES, BY_BIRTH = "number traits", "number newborn"
Row = dict[str, Any]


def reconsider(settings: Settings, night: str, known: DataFrame, index: Index | None, base: Base, keep: Keep) -> Change:
    """What tonight's claims of known subjects change among persons.

    ``known`` are their trait rows, kept, with the ``person_id`` of now; ``index`` is that of the base.
    """
    if index is None or known.isEmpty():
        return Change()
    touched = index.of_persons(known, keep)
    rows = keep(known.select(*touched.columns).unionByName(touched).distinct())
    decisions = in_force(read_decisions(settings, base.index.get("decision", {})))
    same = parts_of(one for one in decisions if one.kind == SAME)
    torn = [
        row
        for row in contradictions(rows, known)
        if same.get(row["left"], row["left"]) != same.get(row["right"], row["right"])
    ]
    apart = declared_apart(settings, base, decisions)
    found = proofs(rows, known, index, provisional(touched), keep)
    merges, doubts = sorted_out(found, apart, {row["person_id"] for row in torn})
    done = merge(settings, night, base, merges)
    items = [item(night, "match", *pair, reason) for pair, reason in doubts]
    items += [item(night, "split", row["left"], row["right"], row["guard"]) for row in torn]
    return queued(settings, night, base, items, done)


def provisional(touched: DataFrame) -> DataFrame:
    """node_id of the persons who were met as newborns and, before tonight, had no number of their own."""
    known = nodes(as_nodes(touched, "person_id", is_person=True))
    return known.select(F.struct("*").alias("a")).where((F.size("a.own") == 0) & is_baby("a")).select("a.node_id")


def proofs(rows: DataFrame, known: DataFrame, index: Index, newborns: DataFrame, keep: Keep) -> list[Row]:
    """a_id, b_id of persons that a rule ties, with ``number``, ``traits`` and ``birth``: which proofs there are.

    ``birth``: one of them is of ``newborns``, and number and birth date are equal without anything that differs.
    """
    # Persons stand here as subjects do in the tiers, whose guard would keep any two persons of the index apart.
    met = rows.unionByName(index.sharing(known, RULED, keep)).distinct()
    everyone = keep(without_shared(as_nodes(met, "person_id", is_person=False)))
    judged = judge(keys(everyone, "node_id"), nodes(everyone))
    number, equal = (
        F.col("kind").isin("birth", "first") & F.col("strong"),
        (F.col("kind") == "exact") & ~F.col("conflict"),
    )
    born = number & (F.col("kind") == "birth") & ~F.col("conflict")
    found = judged.groupBy("a_id", "b_id").agg(
        F.max(number).alias("number"), F.max(equal).alias("traits"), F.max(born).alias("birth")
    )
    baby = keep(newborns.select("node_id", F.lit(True).alias("baby")))
    for side in ("a", "b"):
        found = found.join(F.broadcast(baby.toDF(f"{side}_id", f"{side}_baby")), f"{side}_id", how="left")
    birth = F.col("birth") & F.coalesce("a_baby", "b_baby", F.lit(False))
    told = found.where("number or traits").select("a_id", "b_id", "number", "traits", birth.alias("birth"))
    return [row.asDict() for row in told.orderBy("a_id", "b_id").collect()]


def sorted_out(
    found: list[Row], apart: set[frozenset[str]], torn: set[str]
) -> tuple[list[Row], list[tuple[tuple[str, str], str]]]:
    """The pairs of persons to merge, and those for a steward with the reason; none that stewards declared different.

    ``torn`` are persons of whom tonight's claims say that they hold two: which of the two fits is for a steward.
    """
    open_ = [row for row in found if frozenset((row["a_id"], row["b_id"])) not in apart]
    partners = Counter(end for row in open_ for end in (row["a_id"], row["b_id"]))
    merges, doubts = [], []
    for row in open_:
        proved = row["number"] and (row["traits"] or row["birth"])
        if torn & {row["a_id"], row["b_id"]}:
            doubts.append(((row["a_id"], row["b_id"]), "broken_group"))
        elif proved and partners[row["a_id"]] == partners[row["b_id"]] == 1:
            merges.append(row)
        else:
            doubts.append(((row["a_id"], row["b_id"]), "several_fit" if proved else "one_proof"))
    return merges, doubts


def declared_apart(settings: Settings, base: Base, decisions: list[Decision]) -> set[frozenset[str]]:
    """Pairs of persons that hold subjects declared different."""
    pairs = [one.pair for one in decisions if one.kind == DIFFERENT]
    now = by_person(settings, {end for pair in pairs for end in pair}, base.walk) if pairs else {}
    return {frozenset((now[left], now[right])) for left, right in pairs if left in now and right in now}


def merge(settings: Settings, night: str, base: Base, pairs: list[Row]) -> Change:
    """Make persons one who are proved to be: the older goes on."""
    if not pairs:
        return Change()
    found = persons_of(settings, {end for row in pairs for end in (row["a_id"], row["b_id"])}, base.index, base.walk)
    subject = {one.person: one.subject for one in sorted(found.members, key=lambda one: one.age, reverse=True)}
    tied = [
        by_rules(night, BY_RULES if row["traits"] else BY_BIRTH, *sorted((subject[row["a_id"]], subject[row["b_id"]])))
        for row in pairs
    ]
    moves: list[Move] = settle(found.members, tied, [], [], night, key_bytes(settings, "index"))
    return written(settings, night, moves, found, {})


def by_rules(night: str, proof: str, left: str, right: str) -> Decision:
    """Two subjects that rules declare the same, in the shape of a decision; it is never written as one."""
    return Decision(night, proof, SAME, left, right, "", date.fromisoformat(night), "")


def contradictions(rows: DataFrame, known: DataFrame) -> list[Row]:
    """Pairs of subjects that can be one person no more, one of whom spoke tonight: person_id, left, right, guard.

    Of who spoke tonight what was said tonight counts: it may correct what was said before. A number that is not said
    again does not make a double record two patients, so that guard is not asked.
    """
    guards = {name: condition for name, condition in hard_guards().items() if name != "declared_distinct"}
    spoke = known.select("subject_id").distinct()
    others = rows.join(spoke, "subject_id", how="left_anti").withColumn("spoke", F.lit(False))
    tonight = known.select(*rows.columns).withColumn("spoke", F.lit(True))
    both = tonight.unionByName(others).withColumn("node_id", F.col("subject_id")).withColumn("is_person", F.lit(False))
    person = both.select("node_id", "person_id", "spoke").distinct()
    side = nodes(both).join(person, "node_id", how="inner")
    left, right = (side.select("person_id", F.struct("*").alias(name)) for name in ("a", "b"))
    met = left.join(right, "person_id", how="inner").where(F.col("a.node_id") < F.col("b.node_id"))
    guard = F.lit(None).cast("string")
    for name, condition in reversed(list(guards.items())):
        guard = F.when(condition, name).otherwise(guard)
    said = met.where(F.col("a.spoke") | F.col("b.spoke"))
    sides = (F.col("a.node_id").alias("left"), F.col("b.node_id").alias("right"))
    found = said.select("person_id", *sides, guard.alias("guard")).where("guard is not null")
    return [row.asDict() for row in found.orderBy("left", "right").collect()]


def item(night: str, queue: str, left: str, right: str, reason: str) -> Row:
    """A row of ``review_item``; its number follows from the queue and the two sides."""
    left, right = sorted((left, right))
    name = hashlib.sha256("\x1f".join((queue, left, right)).encode()).hexdigest()[:32]
    empty = dict.fromkeys(("weight_centibits", "levels", "rows_at_stake"))
    return {
        "item_id": name,
        "night": night,
        "queue": queue,
        "left_id": left,
        "right_id": right,
        "reason": reason,
    } | empty


def queued(settings: Settings, night: str, base: Base, items: Iterable[Row], done: Change) -> Change:
    """The change with the items that no earlier night has put into a queue."""
    by_id = {one["item_id"]: one for one in items}
    pool = Pool(settings.identity / "pool")
    with duckdb.connect() as engine:
        earlier = picked(engine, pool, base.index.get("review_item", {}), ("item_id",), "item_id", set(by_id))
    new = [row for name, row in sorted(by_id.items()) if (name,) not in earlier]
    if not new:
        return done
    with attempt_folder(settings) as attempt:
        file = small(new, "identity/review_item", pool, attempt)
    return Change(done.index | {"review_item": {night: [file]}}, done.moves, done.told)
