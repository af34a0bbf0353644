"""Who the patient is, as a pharmacy knows them: a subject made of traits, and the claim that keeps the traits.

A pharmacy has no patient number of its own. A beneficiary is known as claims know one: by the number on the card (often
a parent's), birth date and birth rank; those make the subject. An invoice tells neither sex nor given name, so these
take part only where no rank is sent: twins would else be one. A number made for anonymous bills is everybody's: its
subject is the ticket alone, and its claim holds no name, for who asked for anonymity is not to be linked by other ways.
"""

import re

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column
from pyspark.sql import functions as F

from jobs.core.distinct import each, truth, when
from jobs.core.tokens import joined, token_hex, token_hex_array
from jobs.identifiers.nir import python_clean

ACCENTS = "ÀÁÂÃÄÅÇÈÉÊËÌÍÎÏÑÒÓÔÕÖÙÚÛÜÝŸ"
PLAIN = "AAAAAACEEEEIIIINOOOOOUUUUYY"
WITHOUT_ACCENTS = str.maketrans(ACCENTS, PLAIN)
TELLING = ("valid", "key_wrong", "provisional", "passing")  # numbers that tell people apart within their pharmacy
ANONYMOUS = re.compile(r"[12]555555[0-9]{3}333([0-9]{2})?")  # sex, 555555, fund, 333: every anonymous bill of a fund
NOT_A_CAPITAL, NOT_A_SIGN, NOT_A_DIGIT = (re.compile(f"[^{kept}]+") for kept in ("A-Z", "0-9A-Za-z", "0-9"))
TEXT, FLAG = pa.string(), pa.bool_()
Columns = dict[str, pa.Array]


def plain_name(text: str) -> str | None:
    """A name to compare: capitals without accents, hyphens and blanks; None for nothing."""
    return NOT_A_CAPITAL.sub("", text.upper().translate(WITHOUT_ACCENTS)) or None


def prescriber(text: str) -> str | None:
    """A prescriber's number as it is compared; None for none."""
    bare = NOT_A_SIGN.sub("", text).upper()
    return bare if bare.strip("0") else None


def digits(text: str) -> str | None:
    """What counts of an invoice's number; None for none."""
    return NOT_A_DIGIT.sub("", text).lstrip("0") or None


def token_columns(columns: Columns, values: Columns, key: bytes) -> Columns:
    """subject_id and the tokens of dispensation, ticket, invoice and prescriber, keyed by the collector's key."""

    def token(*parts: pa.Array | str) -> pa.Array:
        return token_hex_array(key, joined(*parts))

    producer, ticket = columns["producer"], values["ticket"]
    year = pc.utf8_slice_codeunits(values["dispensed_on"].cast(TEXT), 0, 4)
    return {
        "subject_id": token_hex_array(key, subject_message(columns, values)),
        "dispensation_id": token("dispensation", producer, ticket, values["line"]),
        "ticket_token": token("ticket", producer, ticket),
        "invoice_token": token("invoice", producer, year, each(columns["invoice_no"], digits, TEXT)),
        "prescriber_token": token("prescriber", each(columns["prescriber_id"], prescriber, TEXT)),
    }


def subject_message(columns: Columns, values: Columns) -> pa.Array:
    """What names the subject: number, birth date and rank; without a rank sex and given name; names; or the ticket."""
    producer, sent = columns["producer"], values["number"]
    telling = pc.is_in(values["nir_state"], pa.array(TELLING))
    number = when(telling, pc.utf8_slice_codeunits(sent, 0, 13))
    given, family = (each(columns[name], plain_name, TEXT) for name in ("given_name", "family_name"))
    day, lunar = values["born_on"].cast(TEXT), values["lunar"]
    born = pc.coalesce(day, lunar)
    sex, rank = pc.fill_null(values["sex_code"], ""), pc.fill_null(values["rank"], "")
    named = when(pc.invert(each(sent, anonymous, FLAG)), family)
    return pc.coalesce(
        joined("pharmacy", "number", producer, number, day, values["rank"]),
        joined("pharmacy", "partly", producer, number, lunar, values["rank"]),  # as an invoice tells of it
        joined("pharmacy", "unranked", producer, number, born, sex, pc.fill_null(given, "")),
        joined("pharmacy", "name", producer, named, given, born, rank, sex),
        joined("pharmacy", "ticket", producer, values["ticket"]),
    )


def anonymous(number: str) -> bool:
    """Whether a number is that of every anonymous bill of a fund."""
    return ANONYMOUS.fullmatch(number) is not None


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


def agrees(number: pa.Array, sex: pa.Array, born: pa.Array) -> pa.Array:
    """The number's own sex, year and month are the patient's: it is theirs, and not a parent's or the holder's.

    A month beyond 12 stands for an incomplete civil record and says nothing.
    """
    month = pc.utf8_slice_codeunits(number, 3, 5)
    told = born.cast(TEXT)  # YYYY-MM-DD
    same = pc.and_(pc.equal(pc.utf8_slice_codeunits(number, 0, 1), sex),
                   pc.equal(pc.utf8_slice_codeunits(number, 1, 3), pc.utf8_slice_codeunits(told, 2, 4)))  # fmt: skip
    right_month = pc.equal(month, pc.utf8_slice_codeunits(told, 5, 7))
    return truth(pc.and_(same, pc.or_(pc.greater(month, "12"), right_month)))


def claim_columns(columns: Columns, values: Columns) -> Columns:
    """The columns of a claim that a pharmacy can state, beside those of the row (sex, birth date)."""
    bare = each(columns["patient_nir"], python_clean, TEXT)
    number = when(pc.equal(values["nir_state"], "valid"), pc.utf8_slice_codeunits(bare, 0, 13))
    own = agrees(number, values["sex_code"], values["born_on"])
    shown = pc.invert(each(values["number"], anonymous, FLAG))
    given, family, born = (columns[name] for name in ("given_name", "family_name", "birth_date"))
    return {
        "own_nir": when(own, number),
        "holder_nir": when(pc.invert(own), number),
        "number_status": values["nir_state"],
        "used_name": when(pc.and_(shown, pc.not_equal(family, "")), family),
        "given_names": when(pc.and_(shown, pc.not_equal(given, "")), given),
        "birth_date_text": pc.coalesce(values["lunar"], when(pc.not_equal(born, ""), born)),
        "birth_rank": values["rank"].cast(pa.int64()),
    }
