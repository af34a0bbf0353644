"""Rows of ``claim_line`` from lines and their services: codes in one form, amounts once, what is odd in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.core.distinct import each, each_pair, each_several, truth, when
from jobs.core.schema import load_schema
from jobs.standardise.pharmacy.boxes import Boxes, atc_on, carried
from jobs.standardise.pharmacy.dcir.columns import LABEL, LINE, SERVICE, TOKEN, column, text
from jobs.standardise.pharmacy.dcir.fate import Judged
from jobs.standardise.pharmacy.dcir.groups import in_order
from jobs.standardise.pharmacy.dcir.keyed import words_of
from jobs.standardise.pharmacy.dcir.layout import ACTS, DRUGS, HOSPITAL_DRUGS
from jobs.standardise.pharmacy.dcir.read import SEP, month_of

FRANCHISES = ("1971", "1972")
FEES = tuple(str(code) for code in (3364, 3365, 3366, 3379, 3380, *range(3383, 3391)))
SURCHARGE = 2  # CPL_MAJ_TOP from which a service is a surcharge or a flat deduction
AMOUNTS = ("amount_total", "amount_base", "amount_insurance", "amount_complement")
KINDS = {DRUGS: "drug", HOSPITAL_DRUGS: "hospital_drug", ACTS: "procedure"}
UNKNOWN = "code_unknown"
FLAGS = {
    "DCI-102": "drug_line_missing",
    "DCI-103": "date_not_told",
    "DCI-104": "care_date_doubtful",
    "DCI-105": "sign_conflict",
    "DCI-106": "number_not_ordinary",
    "DCI-107": "care_after_death",
    "DCI-108": "sex_not_told",
    "DCI-109": "age_not_told",
    "DCI-110": "executant_not_told",
    "DCI-111": "department_not_told",
    "DCI-113": "rank_repeated",
    "DCI-114": "code_not_listed",
}
TEXT, FLAG = pa.string(), pa.bool_()
SCHEMA = load_schema("standard/claim_line")
Columns = dict[str, pa.Array]


@dataclass(frozen=True)
class Codes:
    """What codes mean: products, and the B2 code of each nature of service."""

    boxes: Boxes
    natures: Mapping[str, str | None]


def claim_lines(judged: Judged, codes: Codes) -> pa.Table:
    """Rows of ``standard/claim_line`` of the lines that make one and are new, in the order of the table."""
    at = np.flatnonzero(judged.makes_row & ~judged.repeated)
    tokens = [judged.lines.column(name).combine_chunks().take(pa.array(at)) for name in ("claim", "print")]
    at = at[in_order([words for one in tokens for words in words_of(one).astype(np.uint64).T])]
    return declared(whole(judged, at) | {"primary": pa.array(judged.primary[at])}, codes)


def whole(judged: Judged, at: Any) -> Columns:
    """The columns of some lines beside those of their service."""
    places, services = pa.array(at), pa.array(judged.service[at])
    names = ("producer", "delivery_id", "file", "record", "table", "flux_month", "warnings", "claim", "print", *LINE)
    own = {name: judged.lines.column(name).combine_chunks().take(places) for name in names}
    said = {name: column(judged.services, name).take(services) for name in (*SERVICE, "print", "warnings")}
    told = {"service_print": said.pop("print"), "service_warnings": said.pop("warnings")}
    return own | said | told | {"facilities": judged.facilities.take(places)}


def declared(rows: Columns, codes: Codes) -> pa.Table:
    """The declared columns; amounts of the claim stand on its primary line alone, so that their sum is right."""
    act = pc.equal(rows["table"], ACTS)
    supplement = pc.greater_equal(pc.fill_null(rows["supplement"], 0), SURCHARGE)
    rows |= products(rows, codes)
    performed = pc.if_else(pc.less(pc.fill_null(rows["act_quantity"], 1), 0), -1, 1)
    own: Columns = {
        "period": period(rows),
        "claim_id": rows["claim"],
        "claim_line_id": rows["print"],
        "claim_print": rows["service_print"],
        "line_kind": kinds(rows, supplement),
        "amount_is_primary": rows["primary"],
        "counts_boxes": pc.and_(is_in(rows["table"], KINDS), pc.invert(supplement)),
        "surcharge": supplement,
        "service_code": each(rows["service_nature"], codes.natures.get, TEXT),
        "ccam": each(when(act, rows["code"]), str.upper, TEXT),
        "quantity": pc.coalesce(when(act, performed), rows["quantity"], rows["act_quantity"]),
        "unit": pc.fill_null(text(rows["unit"]), "act"),
        "fraction": pc.round(rows["fraction"], 4, "half_towards_infinity"),
        "flags": flags(rows),
        **{name: when(rows["primary"], rows[name]) for name in AMOUNTS},
    }
    found = rows | own
    return pa.table({item.name: compact(found[item.name], item.type) for item in SCHEMA.arrow})


def compact(values: pa.Array, declared: pa.DataType) -> pa.Array:
    """A column as declared, but for tokens and labels, which are texts only where they are written."""
    return values if values.type in (TOKEN, LABEL) else values.cast(declared)


def is_in(texts: pa.Array, values: Any) -> pa.Array:
    """Where a text is one of some."""
    return pc.is_in(texts, pa.array(list(values), TEXT))


def period(rows: Columns) -> pa.Array:
    """The care month; where no care date is told the month that the line says, else the flux month."""
    return pc.coalesce(
        month_of(rows["care_on"]), text(rows["care_month"]), text(rows["flux_month"])
    ).dictionary_encode()


def products(rows: Columns, codes: Codes) -> Columns:
    """Canonical codes of the drugs, with the ATC class on the day of care."""
    drug = is_in(rows["table"], (DRUGS, HOSPITAL_DRUGS))
    sent = when(drug, rows["code"])
    several: dict[str, Any] = {}

    def told(code: str) -> tuple[Any, ...]:
        one = codes.boxes.product(code)
        if len(one.atcs) > 1:
            several[code] = one.atcs
        unknown = one.code_class == "unknown" or (one.cip13 is not None and not one.known)
        return one.code_class, one.cip13, one.ucd13, carried(code), unknown, one.atcs[0][1] if one.atcs else None

    names = ("code_class", "cip13", "ucd13", "code_raw", "unknown", "atc")
    types = [FLAG if name == "unknown" else TEXT for name in names]
    found = dict(zip(names, each_several(sent, told, types), strict=True))
    if several:
        changed = is_in(sent, several)
        on_day = each_pair(
            sent, rows["care_on"], changed, lambda code, day: atc_on(several[code], day) if day else None, TEXT
        )
        found["atc"] = pc.coalesce(on_day, found["atc"])
    found["code_class"] = when(drug, pc.fill_null(found["code_class"], "unknown"))
    return found | {"unknown": pc.and_(drug, pc.fill_null(found["unknown"], True))}


def kinds(rows: Columns, supplement: pa.Array) -> pa.Array:
    """What a line is."""
    nature = rows["service_nature"]
    alone = when(is_in(nature, FEES), "fee", "other")
    alone = when(pc.or_(supplement, is_in(nature, FRANCHISES)), "surcharge", alone)
    return pc.coalesce(each(rows["table"], KINDS.get, TEXT), alone)


def flags(rows: Columns) -> pa.Array:
    """What is odd about a line or its service, in words, comma separated; null when nothing is."""
    told = [pc.fill_null(rows[name], "") for name in ("service_warnings", "warnings")]
    odd = when(truth(rows["unknown"]), UNKNOWN, "")

    def words(text: str) -> str | None:
        codes, _, unknown = text.rpartition(SEP)
        found = {FLAGS[code] for code in codes.replace(SEP, ",").split(",") if code in FLAGS}
        return ",".join(sorted(found | ({unknown} if unknown else set()))) or None

    return each(pc.binary_join_element_wise(*told, odd, SEP), words, TEXT)
