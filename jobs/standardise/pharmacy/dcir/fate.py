"""What becomes of each line: services and the lines under them meet on the nine-column key.

A service (ER_PRS_F) has lines of drugs, hospital drugs or acts under it, each table joined to services alone. All
lines of one key stand together, so no line is multiplied by a neighbour: each is accepted, a duplicate, ignored or
refused.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.core.distinct import each
from jobs.core.tokens import token_texts
from jobs.standardise.pharmacy.dcir.columns import COMMON, LINE, TYPES, column, text
from jobs.standardise.pharmacy.dcir.groups import Groups, codes, in_key_order, pairs_among
from jobs.standardise.pharmacy.dcir.keyed import words_of
from jobs.standardise.pharmacy.dcir.layout import CHILDREN, CLAIMS, DRUGS, FACILITIES, REFERENCES
from jobs.standardise.pharmacy.dcir.months import Flux
from jobs.standardise.pharmacy.dcir.read import SEP

INFORMATION, PUBLIC, NOT_READ = "DCI-020", "DCI-021", "DCI-022"
IGNORED = (INFORMATION, PUBLIC, NOT_READ)
ORPHAN, PARENT_REFUSED, KEY_TAKEN = "DCI-012", "DCI-013", "DCI-014"
NO_DRUG_LINE, SIGN, RANK_REPEATED = "DCI-102", "DCI-105", "DCI-113"
# Natures of service that have drug lines (documentation of ER_PHA_F): one without any is told.
DRUG_SERVICES = ("3311", "3312", "3313", "3314", "3315", "3316", "3331", "3332", "3341", "9566")
# Services first, then the lines under them in the order in which one of them carries the amounts.
RANK = {CLAIMS: 0, **{name: rank for rank, name in enumerate(CHILDREN, start=1)}, FACILITIES: 9}
LATE = pa.array([None, KEY_TAKEN, INFORMATION, PARENT_REFUSED, ORPHAN, PUBLIC], pa.string())
SHOWN = (*COMMON, *LINE, "activity_indicator")


@dataclass
class Judged:
    """The lines of one bucket, those of a key together, each with its fate; arrays of one length.

    ``lines``: columns of SHOWN, ``rule`` and ``warnings`` as they are in the end; ``place``: where each stands among
    the lines of its table. ``services``: what the lines of
    ER_PRS_F say, and ``service`` the place among them of each line's own, -1 for none. ``told``: the base holds the
    line; ``repeated``: and an appending delivery tells it again. ``makes_row``: it is a row of claims, ``primary`` the
    one with the claim's amounts. ``facilities``: tokens of the facility lines of the key.
    """

    lines: pa.Table
    place: Any
    services: pa.Table
    service: Any
    active: Any
    duplicate: Any
    told: Any
    repeated: Any
    makes_row: Any
    primary: Any
    facilities: pa.Array


def judged_lines(
    tables: dict[str, pa.Table], flux: Flux, order: dict[tuple[str, str], int], base: pa.Table | None = None
) -> Judged:
    """Every line of a bucket with its fate.

    ``tables``: lines with tokens, by table. ``order``: growing numbers of deliveries. ``base``: rows of the base in
    this bucket that tell of tonight's flux months.
    """
    services = tables.get(CLAIMS, pa.table({name: pa.nulls(0, TYPES.get(name, pa.string())) for name in SHOWN}))
    lines = pa.table({name: pa.concat_arrays([column(table, name) for table in tables.values()]) for name in SHOWN})
    told, taken = known(lines, flux, base)
    lines = with_rule(lines, pc.if_else(pa.array(taken), KEY_TAKEN, lines.column("rule").combine_chunks()))
    counts = active(lines, flux)
    place = np.concatenate([np.arange(table.num_rows) for table in tables.values()])
    rank = ranks(lines)
    sets = np.where(counts, 0, codes(lines.column("delivery_id")) + 1)
    moved, groups = in_key_order(lines, sets, rank, order)
    return settled(
        lines.take(pa.array(moved)), services, groups, place[moved], rank[moved], counts[moved], told[moved], flux
    )


def known(lines: pa.Table, flux: Flux, base: pa.Table | None) -> tuple[Any, Any]:
    """Lines that the base holds; and lines that would add to a claim which it holds, for a correction replaces."""
    none = np.zeros(lines.num_rows, dtype=bool)
    if base is None or not base.num_rows:
        return none, none
    facilities = pc.list_flatten(pc.split_pattern(pc.fill_null(base.column("facilities").combine_chunks(), ""), ","))
    prints = [base.column("claim_line_id").combine_chunks(), base.column("claim_print").combine_chunks(), facilities]
    own = token_texts(lines.column("print").combine_chunks())
    told = pc.is_in(own, pa.concat_arrays(prints)).to_numpy(zero_copy_only=False)
    appended = base.filter(pa.array(pairs_among(base, "flux_month", flux.appended)))
    if not appended.num_rows:
        return told, none
    claim = token_texts(lines.column("claim").combine_chunks())
    held = pc.is_in(claim, appended.column("claim_id").combine_chunks()).to_numpy(zero_copy_only=False)
    held &= claim.is_valid().to_numpy(zero_copy_only=False)
    return told, held & unruled(lines) & ~told


def unruled(lines: pa.Table) -> Any:
    """Lines that no rule refuses."""
    return lines.column("rule").combine_chunks().is_null().to_numpy(zero_copy_only=False)


def with_rule(lines: pa.Table, rules: pa.Array) -> pa.Table:
    """Lines with other rules."""
    return lines.set_column(lines.column_names.index("rule"), "rule", rules)


def ranks(lines: pa.Table) -> Any:
    """The rank of each line's table within its key."""
    tables = lines.column("table").combine_chunks()
    return each(tables, lambda name: RANK.get(name, 10), pa.int64()).to_numpy()


def active(lines: pa.Table, flux: Flux) -> Any:
    """Whether a line counts: its delivery tells its flux month, or the reference that it is part of."""
    names = ("producer", "delivery_id", "table", "flux_month")
    texts = [pc.fill_null(text(lines.column(name)), "") for name in names]

    def counts(place: str) -> bool:
        producer, delivery, table, month = place.split(SEP)
        if table in REFERENCES:
            return flux.references.get((producer, table), ("",))[0] == delivery
        return not month or (producer, delivery, month) in flux.active

    return each(pc.binary_join_element_wise(*texts, SEP), counts, pa.bool_()).to_numpy(zero_copy_only=False)


def settled(
    lines: pa.Table, services: pa.Table, groups: Groups, place: Any, rank: Any, counts: Any, told: Any, flux: Flux
) -> Judged:
    """Rule, warnings and the part in a row of claims, of what the lines of one key know of each other."""
    read, is_service = unruled(lines), rank == RANK[CLAIMS]
    child_table = np.isin(rank, [RANK[name] for name in CHILDREN])
    child, own_service = child_table & read, is_service & read
    duplicate = groups.as_before(words_of(lines.column("print").combine_chunks())) & read
    ordinal = lines.column("ordinal").combine_chunks()
    numbered = ordinal.is_valid().to_numpy(zero_copy_only=False)
    same_rank = groups.as_before(rank, pc.fill_null(ordinal, 0).to_numpy(zero_copy_only=False)) & numbered
    first = groups.first(own_service)
    service = np.where(first >= 0, place[first], -1)
    children = groups.running(child)
    rules = LATE.take(pa.array(late_rules(lines, groups, first, read, is_service)))
    rules = pc.coalesce(lines.column("rule").combine_chunks(), rules)
    eligible = rules.is_null().to_numpy(zero_copy_only=False) & ~duplicate & (service >= 0) & counts
    alone = is_service & (groups.total(child) == 0)
    odd = odd_of(lines, services, service, is_service)
    odd[NO_DRUG_LINE] &= groups.total(child & (rank == RANK[DRUGS])) == 0
    odd[RANK_REPEATED] = same_rank & child & ~duplicate
    told_odd = [pc.if_else(pa.array(hit), code, pa.scalar(None, pa.string())) for code, hit in odd.items()]
    warned = joined_texts(lines.column("warnings").combine_chunks(), *told_odd)
    fields = pc.if_else(pa.array(~read), lines.column("field").combine_chunks(), pa.scalar(None, pa.string()))
    for name, values in (("rule", rules), ("warnings", warned), ("field", fields)):
        lines = lines.set_column(lines.column_names.index(name), name, values)
    return Judged(
        lines=lines,
        place=place,
        services=services,
        service=service,
        active=counts,
        duplicate=duplicate,
        told=told,
        repeated=told & pairs_among(lines, "flux_month", flux.appended),
        makes_row=eligible & (alone | child_table),
        primary=alone | (children == 1),
        facilities=facilities_of(lines, groups, rank),
    )


def late_rules(lines: pa.Table, groups: Groups, first: Any, read: Any, is_service: Any) -> Any:
    """What refuses or leaves out a line that could be read, because of the others of its key: places in LATE."""
    rule = lines.column("rule").combine_chunks()
    keyed = lines.column("claim").combine_chunks().is_valid().to_numpy(zero_copy_only=False)
    words = words_of(lines.column("print").combine_chunks())
    other = is_service & read & (words != words[first]).any(axis=1)
    information = is_service & pc.fill_null(pc.equal(rule, INFORMATION), False).to_numpy(zero_copy_only=False)
    indicator = pc.fill_null(pc.equal(lines.column("activity_indicator").combine_chunks(), 1), False)
    public = indicator.to_numpy(zero_copy_only=False) & read  # a column of facilities alone
    found = np.select(
        [groups.any(other), first < 0, groups.any(public)],
        [np.where(is_service, 1, 3),
         np.where(groups.any(information), 2, np.where(groups.any(is_service & ~read), 3, 4)), 5],
    )  # fmt: skip
    return np.where(keyed & read, found, 0)


def odd_of(lines: pa.Table, services: pa.Table, service: Any, is_service: Any) -> dict[str, Any]:
    """What is odd about a line in view of its service, by rule."""
    at = pa.array(service, mask=service < 0)

    def said(name: str) -> pa.Array:
        return column(services, name).take(at)

    acts = pc.if_else(pa.array(is_service), said("act_quantity"), pa.scalar(None, pa.int64()))
    quantity = pc.coalesce(lines.column("quantity").combine_chunks(), acts)
    amount = pc.sign(pc.coalesce(said("amount_insurance"), said("amount_total")))
    against = pc.less(pc.multiply(pc.sign(quantity), pc.cast(amount, pa.int8())), 0)
    back = pc.and_kleene(pc.equal(said("sign"), 2), pc.greater(quantity, 0))
    drug = pc.is_in(said("service_nature"), pa.array(DRUG_SERVICES))
    plain = pc.less(pc.fill_null(said("supplement"), 0), 2)
    opposite = pc.fill_null(pc.or_kleene(against, back), False).to_numpy(zero_copy_only=False)
    without = pc.and_(drug, plain).to_numpy(zero_copy_only=False) & is_service & (service >= 0)
    return {NO_DRUG_LINE: without, SIGN: opposite}


def joined_texts(*texts: pa.Array) -> pa.Array:
    """Texts that are there, comma separated; null where none is."""
    empty = pa.repeat("", len(texts[0]))  # a row of nulls alone would be left out
    found = pc.utf8_ltrim(pc.binary_join_element_wise(empty, *texts, ",", null_handling="skip"), ",")
    return pc.if_else(pc.equal(found, ""), pa.scalar(None, pa.string()), found)


def facilities_of(lines: pa.Table, groups: Groups, rank: Any) -> pa.Array:
    """The different facility lines of each line's key, as text; empty for none."""
    own = np.flatnonzero(rank == RANK[FACILITIES])
    found: dict[int, list[str]] = {}
    prints = token_texts(lines.column("print").combine_chunks().take(pa.array(own))).to_pylist()
    for group, token in zip(groups.number[own].tolist(), prints, strict=True):
        held = found.setdefault(group, [])
        if token not in held:
            held.append(token)
    texts = pa.array(["", *[",".join(sorted(one)) for one in found.values()]], pa.string())
    place = np.zeros(groups.count, dtype=np.int64)
    place[list(found)] = np.arange(1, len(found) + 1)
    return texts.take(pa.array(place[groups.number]))
