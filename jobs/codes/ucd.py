"""UCD codes of hospital drugs: seven digits that begin with 9, or thirteen: 34008, the seven, and a GTIN key.

The last of the seven digits is a key of its own (weights 2 to 7, modulo 11) on all 1,775 listed codes, the smallest of
which is 9009994, and on every such code of the list of indications; none of the 115 codes there from 9000024 to 9001970
has it. So seven digits below 9009994 are taken by their shape, and only their thirteen-digit form can be checked.
"""

from pyspark.sql import Column
from pyspark.sql import functions as F

STATUSES = ("valid", "padded", "spaced", "quoted", "decimal", "any", "rounded", "key_wrong", "malformed", "missing")
READ = STATUSES[:5]  # a code was read: as it is, or written otherwise with nothing lost
KEYLESS_BELOW = "9009994"
PREFIX = "34008"
QUOTES = "['\"\u2018\u2019`=]"  # what a spreadsheet or an export leaves around a text
BLANKS = "[\\s\u00a0]"
ROUNDED = r"^\d+([.,]\d+)?E\+?\d+$"


def read_ucd(text: Column) -> Column:
    """A struct ``ucd7, ucd13, status`` of a code as sent; the codes are null unless the status is one of READ.

    ``padded``: zeros before the seven digits. ``spaced``: printed in groups. ``quoted``: a stray quote. ``decimal``:
    the ``.0`` of a spreadsheet. ``any``: the ``*`` of the list of indications, every drug. ``rounded``: 3,40089E+12,
    digits are lost and nothing is guessed. ``key_wrong``: the shape holds and a check digit does not.
    """
    sent = F.upper(F.trim(F.coalesce(text, F.lit(""))))
    blanks = F.regexp_replace(sent, BLANKS, "")
    quotes = F.regexp_replace(blanks, QUOTES, "")
    bare = F.regexp_replace(quotes, r"^(\d+)[.,]0+$", "$1")
    seven = F.regexp_extract(bare, r"^0*(9\d{6})$", 1)
    thirteen = F.when(bare.rlike(rf"^{PREFIX}9\d{{7}}$"), bare)
    # an empty match is no code; the seven digits stand in the middle of the thirteen
    inner = F.when(seven != "", seven).otherwise(F.substring(thirteen, 6, 7))
    right = F.when(thirteen.isNotNull(), thirteen == ucd13(inner)).otherwise(key_holds(inner))
    written = (
        F.when(bare == sent, F.when(F.length(sent).isin(7, 13) & ~sent.startswith("0"), "valid").otherwise("padded"))
        .when(bare != quotes, "decimal")
        .when(quotes != blanks, "quoted")
        .otherwise("spaced")
    )
    status = (
        F.when(F.regexp_replace(bare, "0", "") == "", "missing")
        .when(bare == "*", "any")
        .when(bare.rlike(ROUNDED), "rounded")
        .when(inner.isNull(), "malformed")
        .when(~F.coalesce(right, F.lit(False)), "key_wrong")
        .otherwise(written)
    )
    read = status.isin(*READ)
    return F.struct(
        F.when(read, inner).alias("ucd7"), F.when(read, ucd13(inner)).alias("ucd13"), status.alias("status")
    )


def ucd13(seven: Column) -> Column:
    """The thirteen digits of a seven-digit code; null for anything else."""
    return F.when(seven.rlike(r"^9\d{6}$"), F.concat(F.lit(PREFIX), seven, gtin_key(seven)))


def ucd7(thirteen: Column) -> Column:
    """The seven digits of a thirteen-digit code whose GTIN key is right; null for anything else."""
    inner = F.when(thirteen.rlike(rf"^{PREFIX}9\d{{7}}$"), F.substring(thirteen, 6, 7))
    return F.when(thirteen == ucd13(inner), inner)


def key_holds(seven: Column) -> Column:
    """True when the last of seven digits is the key of the other six, or when the code is of the range without key."""
    return (seven < KEYLESS_BELOW) | (own_key(seven) == F.substring(seven, 7, 1).try_cast("int"))


def own_key(seven: Column) -> Column:
    """The key of the first six digits: digit times 2 to 7, summed, modulo 11. No code is given that would need a 10."""
    return weighted(seven, [2, 3, 4, 5, 6, 7]) % 11


def gtin_key(seven: Column) -> Column:
    """The GTIN key of 34008 and seven digits, as text: even places count three times, and 34008 alone makes 23."""
    return F.pmod(-(weighted(seven, [3, 1, 3, 1, 3, 1, 3]) + 23), F.lit(10)).cast("string")


def weighted(digits: Column, weights: list[int]) -> Column:
    """The sum of digits times weights."""
    total = F.lit(0)
    for place, weight in enumerate(weights, start=1):
        total = total + F.substring(digits, place, 1).try_cast("int") * weight
    return total
