"""The one place where a standard column becomes a published one, as the field's ``generalise`` in ``schemas/`` says.

Frames that come here carry ``person_id`` and the centre's ``key`` beside the columns of a standard table.
"""

from collections.abc import Callable

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.core.errors import ConfigError
from jobs.core.schema import Field, TableSchema
from jobs.core.tokens import text_base32, token_base32

TOKEN, PRODUCER, PERSON = "token", "producer", "person"  # domains: equal values in two of them get different tokens
OLDEST = 90
ABROAD = "99"


def published_rows(rows: DataFrame, schema: TableSchema, version: int) -> DataFrame:
    """The published columns of a table, each made from its ``from`` column by its ``generalise`` rule.

    Raises ConfigError when a field declares none: nothing passes because nobody thought of it.
    """
    return schema.select(rows.select(*[column(item, version).alias(item.name) for item in schema.fields]))


def column(item: Field, version: int) -> Column:
    """One published column."""
    rule, source = item.veillee.get("generalise"), item.veillee.get("from")
    if rule == "pseudonym":
        return pseudonym(version)
    if rule not in RULES or source is None:
        raise ConfigError(f"published field {item.name} has no known 'generalise' or no 'from' in its declaration.")
    return RULES[rule](F.col(source))


def pseudonym(version: int) -> Column:
    """Key version, a dot, 26 base32 characters of HMAC(centre key, person): never a function of an identity."""
    return F.concat(F.lit(f"{version}."), token_base32(PERSON, F.col("person_id")))


def rekey(token: Column) -> Column:
    """A token under the centre's key; the same in every table, so that published tables join."""
    return token_base32(TOKEN, token)


def rekey_producer(producer: Column) -> Column:
    """A producer that is itself a person's business (a pharmacy), under the centre's key."""
    return token_base32(PRODUCER, producer)


def producer_token(key: bytes, producer: str) -> str:
    """What ``rekey_producer`` makes, outside Spark."""
    return text_base32(key, PRODUCER, producer)


def cap_90(age: Column) -> Column:
    """Age in completed years, 90 and over together; an unknown age stays unknown (``least`` would make it 90)."""
    return F.when(age.isNotNull(), F.least(age, F.lit(OLDEST)))


def department(code: Column) -> Column:
    """Department of a postcode or residence code: 2A and 2B, three characters overseas, 99 abroad, null if unreadable.

    Corsican postcodes: 200 and 201 lie in 2A, 202 and 206 in 2B. 980 is Monaco.
    """
    plain = F.upper(F.trim(code))
    two, three = F.substring(plain, 1, 2), F.substring(plain, 1, 3)
    return (
        F.when(~plain.rlike("^[0-9][0-9AB][0-9]{3}$"), None)
        .when((two == ABROAD) | (three == "980"), ABROAD)
        .when(three.rlike("^97[1-8]$|^98[4678]$"), three)
        .when(two.isin("2A", "2B"), two)
        .when(three.isin("200", "201"), "2A")
        .when(three.isin("202", "206"), "2B")
        .when(two.rlike("^(0[1-9]|1[0-9]|2[1-9]|[3-8][0-9]|9[0-5])$"), two)
    )


def keep(value: Column) -> Column:
    """The value as it is."""
    return value


RULES: dict[str, Callable[[Column], Column]] = {
    "keep": keep,
    "rekey": rekey,
    "rekey_producer": rekey_producer,
    "cap_90": cap_90,
    "department": department,
}
