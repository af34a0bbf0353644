"""Product codes: what was sent, what kind of product it is, and the CIP13 when it is a drug.

CIP13 is 34009, the CIP7 and a GTIN key. The older key within the CIP7 is not checked: codes given since 2015 have none.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.codes.ucd import key_holds
from jobs.identifiers.nir import SHAPE
from jobs.reference.presentations import atc_on

DAMAGED = r"(?i)^\d+([.,]\d+)?e\+?\d+$|^\d{1,2}[/-]\d{1,2}[/-]\d{2,4}$|^\d{1,2}[/-][a-zéû]{3,9}\.?([/-]\d{2,4})?$"
PLACEHOLDER = r"^0*$"


def damaged(text: Column) -> Column:
    """True when a spreadsheet turned the code into a rounded number or a date: digits are lost, nothing is guessed."""
    return text.rlike(DAMAGED)


def repaired(text: Column) -> Column:
    """The code without a spreadsheet's ``.0`` and the blanks of a printed CIP13; null for a placeholder."""
    bare = F.regexp_replace(text, r"^(\d+)[.,]0+$", "$1")
    grouped = bare.rlike(r"^3400[\d ]*$")
    bare = F.when(grouped, F.replace(bare, F.lit(" "), F.lit(""))).otherwise(bare)
    return F.when(~bare.rlike(PLACEHOLDER), bare)


def carried(code: Column) -> Column:
    """The code as the standard zone may keep it: not when it looks like a text or like a person's number."""
    looks_like_code = code.rlike(r"^(?=.*\d)[0-9A-Za-z.-]{1,14}$")
    return F.when(looks_like_code & ~code.rlike(SHAPE), code)


def gtin_key(body: Column) -> Column:
    """The check digit of twelve digits: even ranks count three times."""
    digits = [F.substring(body, rank, 1).try_cast("int") * (3 if rank % 2 == 0 else 1) for rank in range(1, 13)]
    total = digits[0]
    for digit in digits[1:]:
        total = total + digit
    return F.pmod(F.lit(10) - F.pmod(total, F.lit(10)), F.lit(10)).cast("string")


def with_product(frame: DataFrame, presentations: DataFrame) -> DataFrame:
    """Add ``product`` (characters kept), ``code_class``, ``cip13``, ``ucd13``, ``code_known`` and ``atc``.

    ``frame`` has ``code_raw``, cleaned, and ``dispensed_on``; ``presentations``: as jobs.reference.presentations gives;
    any further column of it, as a price, is added too.
    """
    code = F.col("product")
    digits = frame.withColumn("product", repaired(F.col("code_raw")))
    seven = F.when(code.rlike(r"^(000000)?\d{7}$"), F.substring(code, -7, 7))
    hospital = seven.startswith("9") & key_holds(seven)
    prefix = F.when(hospital, "34008").when(~seven.startswith("9"), "34009")
    body = F.when(seven.isNotNull(), F.concat(prefix, seven)).when(code.rlike(r"^\d{13}$"), F.substring(code, 1, 12))
    full = digits.withColumn("_body", body).withColumn("_key", gtin_key(F.col("_body")))
    sent_key = F.when(seven.isNotNull(), F.col("_key")).otherwise(F.substring(code, 13, 1))
    full = full.withColumn("_code", F.when(F.col("_key") == sent_key, F.concat("_body", "_key")))
    drug, ucd = F.col("_code").startswith("34009"), F.col("_code").startswith("34008")
    kind = F.when(drug, "drug").when(ucd, "hospital_drug")
    kind = kind.when(F.col("_code").isNotNull(), "other_product").otherwise("unknown")
    known = F.broadcast(presentations.withColumnRenamed("code", "cip13").withColumn("code_known", F.lit(True)))
    return (
        full.withColumn("code_class", kind)
        .withColumn("cip13", F.when(drug, F.col("_code")))
        .withColumn("ucd13", F.when(ucd & F.substring("_code", 6, 1).eqNullSafe("9"), F.col("_code")))
        .join(known, "cip13", how="left")
        .withColumn("code_known", F.coalesce("code_known", F.lit(False)))
        .withColumn("atc", atc_on(F.col("atcs"), F.col("dispensed_on")))
        .drop("_body", "_key", "_code", "atcs")
    )
