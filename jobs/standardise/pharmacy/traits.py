"""Who the patient is, as a pharmacy knows them: a subject made of traits, and the claim that keeps the traits.

A pharmacy has no patient number of its own. A beneficiary is known as claims know one: by the number on the card (often
a parent's), birth date and birth rank; those make the subject. An invoice tells neither sex nor given name, so these
take part only where no rank is sent: twins would else be one. A number made for anonymous bills is everybody's: its
subject is the ticket alone, and its claim holds no name, for who asked for anonymity is not to be linked by other ways.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.core.tokens import token_hex, with_key
from jobs.identifiers.nir import clean as clean_nir
from jobs.standardise.pharmacy import fields

ACCENTS = "ÀÁÂÃÄÅÇÈÉÊËÌÍÎÏÑÒÓÔÕÖÙÚÛÜÝŸ"
PLAIN = "AAAAAACEEEEIIIINOOOOOUUUUYY"
TELLING = ("valid", "key_wrong", "provisional", "passing")  # numbers that tell people apart within their pharmacy
ANONYMOUS = r"^[12]555555\d{3}333(\d{2})?$"  # sex, 555555, fund, 333: the number of every anonymous bill of a fund


def plain_name(text: Column) -> Column:
    """A name to compare: capitals without accents, hyphens and blanks; an empty text for nothing."""
    return F.regexp_replace(F.translate(F.upper(text), ACCENTS, PLAIN), "[^A-Z]", "")


def with_tokens(rows: DataFrame, key: DataFrame) -> DataFrame:
    """Add subject_id and the tokens of dispensation, ticket, invoice and prescriber, keyed by the collector's key."""
    sent = clean_nir(F.col("patient_nir"), F.col("patient_nir_key"))
    number = F.when(F.col("nir_state").isin(*TELLING), F.substring(sent, 1, 13))
    given, family = plain_name(F.col("given_name")), plain_name(F.col("family_name"))
    born, sex, rank = F.col("born_on").cast("string"), F.coalesce("sex_code", F.lit("")), F.coalesce("rank", F.lit(""))
    unranked = token_hex("pharmacy", "unranked", F.col("producer"), number, born, sex, given)
    by_number = F.coalesce(subject_by_number(F.col("producer"), number, F.col("born_on"), F.col("rank")), unranked)
    named = F.when((given != "") & (family != "") & ~sent.rlike(ANONYMOUS), family)
    by_name = token_hex("pharmacy", "name", F.col("producer"), named, given, born, rank, sex)
    by_ticket = token_hex("pharmacy", "ticket", F.col("producer"), F.col("ticket"))
    prescriber = F.regexp_replace(F.col("prescriber_id"), "[^0-9A-Za-z]", "")
    prescriber = F.when(~prescriber.rlike("^0*$"), F.upper(prescriber))
    return (
        with_key(rows, key)
        .withColumn("subject_id", F.coalesce(by_number, by_name, by_ticket))
        .withColumn("dispensation_id", token_hex("dispensation", F.col("producer"), F.col("ticket"), F.col("line")))
        .withColumn("ticket_token", token_hex("ticket", F.col("producer"), F.col("ticket")))
        .withColumn("invoice_token", invoice_token(F.col("producer"), F.year("dispensed_on"), F.col("invoice_no")))
        .withColumn("prescriber_token", token_hex("prescriber", prescriber))
        .drop("key")
    )


def subject_by_number(producer: Column, number: Column, born: Column, rank: Column) -> Column:
    """The subject that a beneficiary's number makes, whichever feed tells of it; null when a part is.

    ``number``: the 13 characters on the card, of a number that tells people apart (a status of TELLING); ``born``: a
    date; ``rank``: the birth rank as one digit from 1, null when none was sent. The frame has the collector's ``key``.
    """
    return token_hex("pharmacy", "number", producer, number, born.cast("string"), rank)


def invoice_token(producer: Column, year: Column, number: Column) -> Column:
    """A pharmacy's invoice. Numbers begin again each year, so the year of care is part of it; null without a number.

    Only digits count, without leading zeros: the same invoice is F000123 in one feed and 000000123 in another.
    """
    digits = F.ltrim(F.regexp_replace(number, "[^0-9]", ""), F.lit("0"))
    return token_hex("invoice", producer, year.cast("string"), F.nullif(digits, F.lit("")))


def agrees(number: Column) -> Column:
    """The number's own sex, year and month are the patient's: it is theirs, and not a parent's or the holder's.

    A month beyond 12 stands for an incomplete civil record and says nothing.
    """
    born = F.col("born_on")
    month = F.substring(number, 4, 2).try_cast("int")
    return (
        (F.substring(number, 1, 1) == F.col("sex_code"))
        & (F.substring(number, 2, 2) == F.date_format(born, "yy"))
        & ((month > 12) | (month == F.month(born)))
    )


def claims_of(rows: DataFrame) -> DataFrame:
    """The columns of a claim that a pharmacy can state, one row per dispensation; ``rows`` as with_tokens left them."""
    number = F.when(F.col("nir_state") == "valid", F.substring(clean_nir(F.col("patient_nir")), 1, 13))
    own = F.coalesce(agrees(number), F.lit(False))
    shown = ~clean_nir(F.col("patient_nir"), F.col("patient_nir_key")).rlike(ANONYMOUS)
    given = F.when(shown, fields.filled(F.col("given_name")))
    return rows.select(
        "subject_id",
        "producer",
        "delivery_id",
        F.when(own, number).alias("own_nir"),
        F.when(~own, number).alias("holder_nir"),
        F.col("nir_state").alias("number_status"),
        F.when(shown, fields.filled(F.col("family_name"))).alias("used_name"),
        given.alias("given_names"),
        given.alias("first_given_name"),
        F.col("born_on").alias("birth_date"),
        fields.filled(F.col("birth_date")).alias("birth_date_text"),
        F.col("sex_code").alias("sex"),
        F.col("rank").cast("bigint").alias("birth_rank"),
    )
