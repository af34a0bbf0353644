"""Clinical facts as rows of the standard tables: what each column is made of, list by list."""

from collections.abc import Callable

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.standardise.shared_record.facts import PRODUCT, TABLES
from jobs.standardise.shared_record.times import moment
from jobs.standardise.shared_record.units import is_ucum
from jobs.standardise.shared_record.values import (
    capitals,
    decimal,
    decimals,
    icd10,
    product_kind,
    shown,
    unit_kind,
    whole,
)

Columns = dict[str, Column]
PLACE = ("producer", "period", "subject_id", "document_id", "delivery_id", "file", "record")
RANK = {"results": "result_rank"}  # of the others: fact_rank


def times(one: Column, field: str, name: str, *, exact: bool = False) -> Columns:
    """A time: as sent, as exact as it was sent, its day, how exact it is; with ``exact`` its UTC instant as well."""
    at = moment(one[field])
    columns = {
        f"{name}_text": shown(one[field]),
        name: at.partial,
        f"{name}_on": at.day,
        f"{name}_precision": at.precision,
    }
    return columns | ({f"{name}_at": at.instant} if exact else {})


def texts(one: Column, *names: str) -> Columns:
    """Columns as sent."""
    return {name: one[name] for name in names}


def asserted(one: Column) -> Columns:
    """Whether the fact is said not to be, and why something is missing."""
    return {
        "status": one["status"],
        "negated": F.coalesce(one["negated"] == "true", F.lit(False)),
        "null_flavor": one["null_flavor"],
    }


def amount(one: Column, name: str) -> Columns:
    """A quantity with its unit and what kind of unit that is."""
    unit = one[f"{name}_unit"]
    return {f"{name}_value": decimal(one[f"{name}_value"]), f"{name}_unit": unit, f"{name}_unit_kind": unit_kind(unit)}


def product(one: Column) -> Columns:
    """What was sent, the French codes, and which of them the product is best known by."""
    return texts(one, *PRODUCT) | {"atc": capitals(one["atc"]), "product_kind": product_kind(one)}


def measure(one: Column) -> Columns:
    """A laboratory result or vital sign."""
    names = (
        "code", "code_system", "code_kind", "value_type", "value_comparator", "value_code", "value_system", "unit",
        "interpretation",
    )  # fmt: skip
    return (
        times(one, "time", "observed", exact=True)
        | texts(one, *names)
        | asserted(one)
        | {
            "value_text": shown(one["value_number"]),
            "value_number": decimal(one["value_number"]),
            "value_decimals": decimals(one["value_number"]),
            "unit_ucum": is_ucum(one["unit"]),
            "reference_low": decimal(one["reference_low"]),
            "reference_high": decimal(one["reference_high"]),
        }
    )


def vaccination(one: Column) -> Columns:
    """A vaccination, or one that was not given."""
    names = ("disease_code", "disease_system", "route_code", "route_system", "reason_code", "reason_system")
    return (
        times(one, "time", "vaccinated", exact=True)
        | product(one)
        | texts(one, *names)
        | {"dose_number": whole(one["dose_number"])}
        | amount(one, "dose")
        | asserted(one)
    )


def prescription(one: Column) -> Columns:
    """A line of treatment."""
    return (
        times(one, "start", "started")
        | times(one, "end", "ended")
        | product(one)
        | amount(one, "dose")
        | {"dose_high": decimal(one["dose_high"]), "every_value": decimal(one["every_value"])}
        | texts(one, "every_unit", "route_code", "route_system")
        | amount(one, "quantity")
        | {"repeats": whole(one["repeats"])}
        | asserted(one)
    )


def dispensation(one: Column) -> Columns:
    """A product handed out."""
    return (
        times(one, "time", "dispensed", exact=True)
        | product(one)
        | amount(one, "quantity")
        | {"substituted": F.when(one["substituted"].isin("true", "false"), one["substituted"] == "true")}
        | asserted(one)
    )


def problem(one: Column) -> Columns:
    """A problem, or an item of the history."""
    return (
        {"problem_kind": one["kind"]}
        | times(one, "start", "started")
        | times(one, "end", "ended")
        | texts(one, "code", "code_system", "severity")
        | {"icd10": icd10(one["icd10"])}
        | asserted(one)
    )


def allergy(one: Column) -> Columns:
    """An allergy or intolerance."""
    names = ("kind_code", "kind_system", "agent_code", "agent_system", "reaction_code", "reaction_system")
    return times(one, "start", "started") | texts(one, *names, "severity", "criticality") | asserted(one)


def procedure(one: Column) -> Columns:
    """A procedure that was done."""
    return (
        times(one, "start", "started", exact=True)
        | times(one, "end", "ended")
        | texts(one, "code", "code_system", "site_code", "site_system")
        | {"ccam": capitals(one["ccam"])}
        | asserted(one)
    )


ROWS: dict[str, Callable[[Column], Columns]] = {
    "results": measure,
    "vital_signs": measure,
    "vaccinations": vaccination,
    "prescriptions": prescription,
    "dispensations": dispensation,
    "problems": problem,
    "allergies": allergy,
    "procedures": procedure,
}


def fact_tables(documents: DataFrame) -> dict[str, DataFrame]:
    """Standard table -> its rows of some documents; one row per fact, ranks as in the document from 1."""
    return {table: fact_rows(documents, name) for name, table in TABLES.items()}


def fact_rows(documents: DataFrame, name: str) -> DataFrame:
    """The rows of one list of facts."""
    exploded = documents.select(*PLACE, F.posexplode(name).alias("position", "one"))
    rank = (F.col("position") + 1).cast("bigint").alias(RANK.get(name, "fact_rank"))
    columns = ROWS[name](F.col("one"))
    return exploded.select(*PLACE, rank, *[column.alias(key) for key, column in columns.items()])
