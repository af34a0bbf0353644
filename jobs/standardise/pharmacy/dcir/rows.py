"""Rows of ``claim_line`` from lines and their services: tokens in the place of numbers, codes in one form."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.core.schema import load_schema
from jobs.core.tokens import token_hex, with_key
from jobs.reference.presentations import atc_on
from jobs.standardise.pharmacy.dcir.fate import claim_id
from jobs.standardise.pharmacy.dcir.layout import ACTS, DRUGS, HOSPITAL_DRUGS
from jobs.standardise.pharmacy.products import carried, with_product

FRANCHISES = ("1971", "1972")
FEES = tuple(str(code) for code in (3364, 3365, 3366, 3379, 3380, *range(3383, 3391)))
SURCHARGE = 2  # CPL_MAJ_TOP from which a service is a surcharge or a flat deduction
AMOUNTS = ("amount_total", "amount_base", "amount_insurance", "amount_complement")
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


def claim_lines(judged: DataFrame, key: DataFrame, boxes: DataFrame, natures: DataFrame) -> DataFrame:
    """Rows of ``standard/claim_line`` of the lines that make one.

    ``boxes``: presentations with their ATC classes; ``natures``: codes of services with their B2 codes.
    """
    return declared(with_codes(flattened(judged), boxes, natures), key)


def flattened(judged: DataFrame) -> DataFrame:
    """Lines that make a row, the columns of their service beside their own."""
    own = ("producer", "delivery_id", "file", "record", "table", "claim_key", "flux_month", "ordinal", "code")
    more = ("code_source", "quantity", "unit", "unit_price", "fraction", "primary", "facilities")
    return judged.where("makes_row").select(
        *own,
        *more,
        F.col("print").alias("line_print"),
        F.col("warnings").alias("line_warnings"),
        F.col("service.print").alias("service_print"),
        F.col("service.warnings").alias("service_warnings"),
        *[F.col(f"service.{name}").alias(name) for name in service_names(judged)],
    )


def service_names(judged: DataFrame) -> list[str]:
    """Columns of a service but its print and warnings, which its line has too."""
    fields = judged.select("service.*").columns
    return [name for name in fields if name not in ("print", "warnings")]


def with_codes(rows: DataFrame, boxes: DataFrame, natures: DataFrame) -> DataFrame:
    """Add the product's canonical codes with their ATC class, and the B2 code of the service."""
    known = rows.join(F.broadcast(products(rows, boxes)), ["table", "code"], how="left")
    found = known.withColumns(
        {
            "atc": atc_on(F.col("atcs"), F.col("care_on")),
            "product_sent": F.when(F.col("table") != ACTS, F.col("code")),
            "code_class": F.when(is_product(), F.coalesce("code_class", F.lit("unknown"))),
            "ccam": F.when(F.col("table") == ACTS, F.upper("code")),
            "_unknown": is_product() & F.coalesce("unknown", F.lit(True)),
        }
    )
    return found.join(F.broadcast(natures), "service_nature", how="left")


def is_product() -> Column:
    """Whether a line is of a drug."""
    return F.col("table").isin(DRUGS, HOSPITAL_DRUGS)


def products(rows: DataFrame, boxes: DataFrame) -> DataFrame:
    """Each code that was sent, once: class, canonical codes, what the drug database says of it.

    Reading a code takes many steps, and the same few thousand codes come again and again.
    """
    codes = rows.where(is_product() & F.col("code").isNotNull()).select("table", "code").distinct()
    sent = codes.withColumns({"code_raw": F.col("code"), "dispensed_on": F.lit(None).cast("date")})
    read = with_product(sent, boxes)
    unknown = (F.col("code_class") == "unknown") | (F.col("cip13").isNotNull() & ~F.col("code_known"))
    told = read.select("table", "code", "code_class", "cip13", "ucd13", unknown.alias("unknown"))
    return told.join(F.broadcast(boxes.select(F.col("code").alias("cip13"), "atcs")), "cip13", how="left")


def kind() -> Column:
    """What a line is."""
    supplement = F.coalesce("supplement", F.lit(0)) >= SURCHARGE
    return (
        F.when(F.col("table") == DRUGS, "drug")
        .when(F.col("table") == HOSPITAL_DRUGS, "hospital_drug")
        .when(F.col("table") == ACTS, "procedure")
        .when(supplement | F.col("service_nature").isin(*FRANCHISES), "surcharge")
        .when(F.col("service_nature").isin(*FEES), "fee")
        .otherwise("other")
    )


def flags() -> Column:
    """What is odd about a line or its service, in words, comma separated; null when nothing is."""
    codes = F.array_distinct(F.split(F.concat_ws(",", "service_warnings", "line_warnings"), ","))
    words = F.create_map(*[F.lit(text) for pair in FLAGS.items() for text in pair])
    told = F.filter(F.transform(codes, lambda code: words[code]), lambda word: word.isNotNull())
    told = F.concat(told, F.when(F.col("_unknown"), F.array(F.lit(UNKNOWN))).otherwise(F.array()))
    return F.nullif(F.array_join(F.array_sort(told), ","), F.lit(""))


def period() -> Column:
    """The care month; where no care date is told the month that the line says, else the flux month."""
    return F.coalesce(F.date_format("care_on", "yyyy-MM"), "care_month", "flux_month")


def declared(rows: DataFrame, key: DataFrame) -> DataFrame:
    """The declared columns; amounts of the claim stand on its primary line alone, so that their sum is right."""
    schema = load_schema("standard/claim_line")
    acts = F.signum(F.coalesce("act_quantity", F.lit(1))).cast("bigint")
    quantity = F.when(F.col("table") == ACTS, F.when(acts < 0, -1).otherwise(1))
    own: dict[str, Column] = {
        "period": period(),
        "claim_id": claim_id(),
        "claim_line_id": F.col("line_print"),
        "claim_print": F.col("service_print"),
        "beneficiary_id": beneficiary_id(),
        "pharmacy_id": token_hex("pharmacy number", F.col("executant")),
        "prescriber_id": token_hex("prescriber number", F.col("prescriber_kind"), F.col("prescriber")),
        "line_kind": kind(),
        "amount_is_primary": F.col("primary"),
        "counts_boxes": F.col("table").isin(DRUGS, HOSPITAL_DRUGS, ACTS) & ~surcharge(),
        "surcharge": surcharge(),
        "code_raw": carried(F.col("product_sent")),
        "quantity": F.coalesce(quantity, F.col("quantity"), F.col("act_quantity")),
        "unit": F.coalesce(F.col("unit"), F.lit("act")),
        "flags": flags(),
        **{name: F.when(F.col("primary"), F.col(name)) for name in AMOUNTS},
    }
    keyed = with_key(rows, key)
    return schema.select(
        keyed.select(*[own.get(name, F.col(name)).cast(schema[name].spark).alias(name) for name in schema.names])
    )


def surcharge() -> Column:
    """A line that repeats a service for a surcharge or a flat deduction: it costs, and counts no boxes."""
    return F.coalesce("supplement", F.lit(0)) >= SURCHARGE


def beneficiary_id() -> Column:
    """The person as the health insurance knows them: a domain of its own, which linkage never sees."""
    return token_hex("beneficiary", F.col("producer"), F.col("person"))
