"""Claims of a hospital: who its identity lines say the patient is."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.identifiers.ins import ins13
from jobs.identifiers.nir import nir13
from jobs.standardise.claims import complete_claims
from jobs.standardise.context import Context
from jobs.standardise.hospital.compare import GROUP, Compared
from jobs.standardise.hospital.fields import whole_number


def claims_of(context: Context, lines: DataFrame, compared: Compared) -> DataFrame:
    """Claims of identity lines, and of stays that have none, wherever the base does not know that line or subject."""
    stays = lines.select(*GROUP, "subject_id")
    if compared.base is not None:  # a mother's stay that nothing touched is in the last snapshot alone
        stays = stays.unionByName(
            compared.base.join(compared.touched, GROUP, how="left_anti").select(*GROUP, "subject_id")
        )
    mothers = stays.groupBy("producer", F.col("stay_id").alias("mother_stay_id")).agg(
        F.min("subject_id").alias("mother_subject_id")
    )
    speaks = (F.col("kind") == "vid_hosp") | (~F.col("identified") & (F.col("kind") != "unit"))
    new = F.col("base_subject").isNull() | (F.col("base_subject") != F.col("subject_id"))
    spoken = lines.where(speaks & new).join(mothers, ["producer", "mother_stay_id"], how="left")
    return complete_claims(
        context,
        spoken.select(
            "subject_id",
            "producer",
            "delivery_id",
            nir13(F.col("own_number"), F.col("own_key")).alias("own_nir"),
            nir13(F.col("holder_number"), F.col("holder_key")).alias("holder_nir"),
            ins13(F.col("ins_number")).alias("ins"),
            number_status().alias("number_status"),
            "birth_date",
            F.col("birth_text").alias("birth_date_text"),
            F.when(F.col("sex").isin("1", "2", "3"), F.col("sex")).alias("sex"),
            F.nullif(whole_number(F.col("birth_rank")), F.lit(0)).alias("birth_rank"),
            "residence_code",
            "mother_subject_id",
        ),
    )


def number_status() -> Column:
    """Status of the best number sent: a valid one if there is any, else the first sent of INS, own and holder's."""
    sent = [F.col(name) for name in ("ins_status", "own_status", "holder_status")]
    valid = F.array_contains(F.array(*sent), "valid")
    first = F.coalesce(*[F.when(one != "missing", one) for one in sent], F.lit("missing"))
    return F.when(valid, "valid").otherwise(first)
