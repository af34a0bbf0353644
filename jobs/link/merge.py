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
import pyarrow.dataset as ds
from pyspark.sql import DataFrame

from jobs.core.attempt import attempt_folder
from jobs.core.keys import key_bytes
from jobs.core.settings import Settings
from jobs.core.snapshot import Pool
from jobs.link.blocks import RULED
from jobs.link.change import Change, by_person, persons_of, picked, small, written
from jobs.link.decisions import DIFFERENT, SAME, Decision, in_force, parts_of, read_decisions
from jobs.link.engine import run
from jobs.link.evidence import judge
from jobs.link.guards import HARD_GUARDS, is_baby, name_of
from jobs.link.inputs import Base
from jobs.link.keep import Keep
from jobs.link.lookup import Index
from jobs.link.settle import Move, settle
from jobs.link.traits import NODES, TRAITS, met

# ruff: noqa: S608 - the queries are put together from the names and texts of the rules, never from data
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
        for row in contradictions(rows, known, keep)
        if same.get(row["left_id"], row["left_id"]) != same.get(row["right_id"], row["right_id"])
    ]
    apart = declared_apart(settings, base, decisions)
    found = proofs(rows, known, index, provisional(touched, keep), keep)
    merges, doubts = sorted_out(found, apart, {row["person_id"] for row in torn})
    done = merge(settings, night, base, merges)
    items = [item(night, "match", *pair, reason) for pair, reason in doubts]
    items += [item(night, "split", row["left_id"], row["right_id"], row["guard"]) for row in torn]
    return queued(settings, night, base, items, done)


def provisional(touched: DataFrame, keep: Keep) -> DataFrame:
    """node_id of the persons who were met as newborns and, before tonight, had no number of their own."""
    known = run(NODES, keep, rows=run(met(("touched", "person_id", True)), keep, touched=touched))
    return run(f"SELECT node_id FROM nodes a WHERE size(own) = 0 AND {is_baby('a')}", keep, nodes=known)


def proofs(rows: DataFrame, known: DataFrame, index: Index, newborns: DataFrame, keep: Keep) -> list[Row]:
    """a_id, b_id of persons that a rule ties, with ``number``, ``traits`` and ``birth``: which proofs there are.

    ``birth``: one of them is of ``newborns``, and number and birth date are equal without anything that differs.
    """
    # Persons stand here as subjects do in the tiers, whose guard would keep any two persons of the index apart.
    every = keep(rows.unionByName(index.sharing(known, RULED, keep)).distinct())
    seen = judge(run(met(("every", "person_id", False)), keep, every=every), keep)
    return rows_of(run(PROOFS, keep, judged=seen.judged, newborns=newborns))


# Whom rules tie, and by what.
PROOFS = """
WITH told AS (
    SELECT a_id, b_id, kind, conflict, kind IN ('birth', 'first') AND strong AS number FROM judged
), pair AS (
    SELECT a_id, b_id, bool_or(number) AS number, bool_or(kind = 'exact' AND NOT conflict) AS traits,
        bool_or(number AND kind = 'birth' AND NOT conflict) AS birth
    FROM told GROUP BY a_id, b_id
)
SELECT a_id, b_id, number, traits, birth AND (a.node_id IS NOT NULL OR b.node_id IS NOT NULL) AS birth
FROM pair LEFT JOIN newborns a ON a.node_id = a_id LEFT JOIN newborns b ON b.node_id = b_id
WHERE number OR traits
"""


def rows_of(frame: DataFrame) -> list[Row]:
    """The rows of a small kept frame, in order."""
    found = ds.dataset(Keep.files(frame)).to_table()
    return list(found.sort_by([(name, "ascending") for name in found.column_names[:2]]).to_pylist())


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


def contradictions(rows: DataFrame, known: DataFrame, keep: Keep) -> list[Row]:
    """Pairs of subjects that can be one person no more, one of whom spoke tonight: left_id, right_id, person_id, guard.

    Of who spoke tonight what was said tonight counts: it may correct what was said before. A number that is not said
    again does not make a double record two patients, so that guard is not asked.
    """
    said = run(SAID, keep, known=known, every=rows)
    return rows_of(run(TORN, keep, said=said, nodes=run(NODES, keep, rows=said)))


COLUMNS = f"{', '.join(TRAITS)}, person_id, subject_id AS node_id, false AS is_person"
SAID = f"""
SELECT {COLUMNS}, true AS spoke FROM known
UNION ALL SELECT {COLUMNS}, false FROM every
LEFT JOIN (SELECT DISTINCT subject_id AS speaker FROM known) AS spoke ON subject_id = speaker WHERE speaker IS NULL
"""
TORN_BY = {name: condition for name, condition in HARD_GUARDS.items() if name != "declared_distinct"}
TORN = f"""
WITH inside AS (SELECT DISTINCT node_id, person_id, spoke FROM said),
side AS (SELECT n.*, person_id, spoke FROM nodes n JOIN inside USING (node_id)),
met AS (
    SELECT a.node_id AS left_id, b.node_id AS right_id, a.person_id AS person_id, {name_of(TORN_BY)} AS guard
    FROM side a JOIN side b ON a.person_id = b.person_id AND a.node_id < b.node_id WHERE a.spoke OR b.spoke
)
SELECT * FROM met WHERE guard IS NOT NULL
"""


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
