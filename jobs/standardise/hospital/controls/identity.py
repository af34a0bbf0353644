"""Return codes of identity lines (VID-HOSP), as the hospital's pseudonym tool would give them.

Values: 0 right, 1 wrong format, 2 declared missing (X in every place), 3 wrong key (numbers) or blank (date of
hospitalisation). Those of the holder's number, birth date, sex, stay and hospitalisation are published; the values of
the own number, the patient number and the INS are not, and are read in the same way, blank being allowed.
"""

from pyspark.sql import Column
from pyspark.sql import functions as F

from jobs.identifiers.ins import ins_status
from jobs.identifiers.nir import clean, nir_status
from jobs.standardise.hospital.rules import day

ALL_X = "^X+$"
NOT_ZERO = {  # warnings that are counted against the published shares
    "nir_return": "IDE-011",
    "birth_return": "IDE-012",
    "sex_return": "IDE-013",
}
ANY_NOT_ZERO = "IDE-010"
ANY_OF = (*NOT_ZERO, "stay_return")  # the published share of lines with any error is over these four


def return_codes() -> dict[str, Column]:
    """One column of 0 to 3 per control of an identity line, by name.

    Needs ``holder_number``, ``holder_key``, ``own_number``, ``own_key``, ``ins_number``, ``birth_text``, ``sex``,
    ``stay``, ``hospitalisation_text`` and ``patient_number``, as text, trimmed, null when blank.
    """
    return {
        "nir_return": number_code(F.col("holder_number"), F.col("holder_key")),
        "birth_return": date_code(F.col("birth_text"), blank=1),
        "sex_return": sex_code(F.col("sex")),
        "stay_return": F.when(F.col("stay").isNull(), 1).otherwise(0),
        "hospitalisation_return": date_code(F.col("hospitalisation_text"), blank=3),
        "own_nir_return": optional(F.col("own_number"), number_code(F.col("own_number"), F.col("own_key"))),
        "patient_return": F.when(F.col("patient_number").rlike(ALL_X), 2).otherwise(0),
        "ins_return": optional(F.col("ins_number"), ins_code(F.col("ins_number"))),
    }


def identity_warnings() -> Column:
    """IDE-010 to IDE-013 of an identity line, an array of text: which of its return codes is not 0.

    Needs ``holder_number``, ``holder_key``, ``birth_text``, ``sex`` and ``stay``.
    """
    codes = return_codes()
    single = [F.when(codes[name] != 0, code) for name, code in NOT_ZERO.items()]
    any_ = F.when(F.greatest(*[codes[name] for name in ANY_OF]) != 0, ANY_NOT_ZERO)
    return F.filter(F.array(any_, *single), lambda code: code.isNotNull())


def optional(text: Column, code: Column) -> Column:
    """A field that need not be filled."""
    return F.when(text.isNull(), 0).otherwise(code)


def number_code(number: Column, key: Column) -> Column:
    """Of a national number. Waiting numbers and those of persons passing through have a right format."""
    status = nir_status(number, key)
    return (
        F.when(clean(number).rlike("^X{13}$"), 2)
        .when(status.isin("valid", "provisional", "passing"), 0)
        .when(status == "key_wrong", 3)
        .otherwise(1)
    )


def ins_code(number: Column) -> Column:
    """Of the national health identity, key included."""
    status = ins_status(number)
    return F.when(clean(number).rlike(ALL_X), 2).when(status == "valid", 0).when(status == "key_wrong", 3).otherwise(1)


def date_code(text: Column, *, blank: int) -> Column:
    """Of a DDMMYYYY date."""
    return F.when(text.isNull(), blank).when(text.rlike("^X{8}$"), 2).when(day(text).isNull(), 1).otherwise(0)


def sex_code(text: Column) -> Column:
    """Of the sex: 1 or 2. The third value of stay files is not in the published list of identity files."""
    return F.when(text == "X", 2).when(F.coalesce(text.isin("1", "2"), F.lit(False)), 0).otherwise(1)
