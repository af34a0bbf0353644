"""The two references: beneficiaries, several rows of one person resolved, and long-term illnesses."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.core.distinct import when
from jobs.core.schema import load_schema
from jobs.core.tokens import token_texts
from jobs.standardise.pharmacy.dcir.columns import TOKEN, column, text
from jobs.standardise.pharmacy.dcir.fate import Judged
from jobs.standardise.pharmacy.dcir.layout import BENEFICIARIES, LONG_TERM
from jobs.standardise.pharmacy.dcir.months import Flux

RESOLVED = ("sex", "birth_year", "department")  # the value that most rows of a person have; ties go to the smallest
PERSON = "beneficiary_id"


def reference_rows(judged: Judged, tables: dict[str, pa.Table], flux: Flux, name: str) -> pa.Table | None:
    """Accepted lines of a reference, with ``period``: the month as of which it is told; None without any."""
    of_table = pc.equal(judged.lines.column("table").combine_chunks(), name).to_numpy(zero_copy_only=False)
    accepted = judged.lines.column("rule").combine_chunks().is_null().to_numpy(zero_copy_only=False)
    at = judged.place[of_table & accepted & ~judged.duplicate & judged.active]
    if not len(at):
        return None
    months = {producer: month for (producer, table), (_, month) in flux.references.items() if table == name}
    kept = tables[name].take(pa.array(at))
    period = pa.array([months[one] for one in kept.column("producer").to_pylist()], pa.string())
    plain = {name: written(kept.column(name).combine_chunks()) for name in kept.column_names}
    return pa.table(plain).append_column("period", period)


def written(values: pa.Array) -> pa.Array:
    """Tokens and labels as they are written."""
    return token_texts(values) if values.type == TOKEN else text(values)


def beneficiaries(rows: pa.Table) -> pa.Table:
    """One row per beneficiary of ``standard/beneficiary``, of accepted lines."""
    schema = load_schema("standard/beneficiary").arrow
    groups = rows.group_by(PERSON, use_threads=False).aggregate(
        [("producer", "min"), ("period", "min"), ("died_on", "max"), ([], "count_all")]
        + [(name, "count_distinct") for name in RESOLVED]
    )
    groups = groups.sort_by(PERSON)
    people = groups.column(PERSON).combine_chunks()
    found = {name: most_told(rows, name, people) for name in (*RESOLVED, "nir_status", "beneficiary_group_id")}
    period = groups.column("period_min").combine_chunks()
    year = pc.cast(pc.utf8_slice_codeunits(period, 0, 4), pa.int64())
    odd = {
        f"{name}_differs": pc.greater(groups.column(f"{name}_count_distinct").combine_chunks(), 1) for name in RESOLVED
    }
    odd |= {f"{name}_not_told": pc.is_null(found[name]) for name in RESOLVED}
    odd["number_not_ordinary"] = pc.fill_null(pc.not_equal(found["nir_status"], "00"), False)
    own = found | {
        PERSON: people,
        "producer": groups.column("producer_min").combine_chunks(),
        "period": period,
        "age_years": pc.subtract(year, found["birth_year"]),
        "death_month": pc.utf8_slice_codeunits(groups.column("died_on_max").combine_chunks().cast(pa.string()), 0, 7),
        "record_count": groups.column("count_all").combine_chunks(),
        "flags": in_words(odd),
    }
    return pa.table([own[item.name].cast(item.type) for item in schema], schema=schema)


def in_words(odd: dict[str, pa.Array]) -> pa.Array:
    """The names of the conditions that hold, sorted, comma separated; null where none does."""
    parts = [when(odd[name], pa.scalar(name)) for name in sorted(odd)]
    texts = pc.utf8_ltrim(pc.binary_join_element_wise("", *parts, ",", null_handling="skip"), ",")
    return when(pc.not_equal(texts, ""), texts)


def most_told(rows: pa.Table, name: str, people: pa.Array) -> pa.Array:
    """The value that most rows of each person have, the smallest of several; null when no row has one."""
    told = rows.select([PERSON, name]).filter(pc.is_valid(rows.column(name)))
    counts = told.group_by([PERSON, name], use_threads=False).aggregate([([], "count_all")])
    ordered = counts.sort_by([(PERSON, "ascending"), ("count_all", "descending"), (name, "ascending")])
    owner = ordered.column(PERSON).combine_chunks()
    first = np.ones(len(owner), dtype=bool)
    first[1:] = pc.not_equal(owner[1:], owner[:-1]).to_numpy(zero_copy_only=False)
    best = ordered.filter(pa.array(first))
    place = pc.index_in(people, best.column(PERSON).combine_chunks())
    return best.column(name).combine_chunks().take(place)


def long_term_illnesses(rows: pa.Table) -> pa.Table:
    """One row per accepted line of the reference."""
    schema = load_schema("standard/long_term_illness").arrow
    found: dict[str, Any] = {item.name: column(rows, item.name) for item in schema}
    found["illness_id"] = column(rows, "print")
    return pa.table([found[item.name].cast(item.type) for item in schema], schema=schema)


MAKERS = {BENEFICIARIES: beneficiaries, LONG_TERM: long_term_illnesses}
