"""The one place where a standard column becomes a published one, as the field's ``generalise`` in ``schemas/`` says.

In two steps: ``generalised`` in Spark, where a column under the centre's key holds what its token is made from, then
``under_key`` in Arrow batches, which makes the tokens: a person's in every table alike, so that published tables join.
"""

from collections.abc import Callable, Iterable, Iterator

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.core.errors import ConfigError
from jobs.core.schema import Field, TableSchema
from jobs.core.tokens import text_base32, token_base32_array, with_key
from jobs.reference.lists import embedded

TOKEN, PRODUCER, PERSON = "token", "producer", "person"  # domains: equal values in two of them get different tokens
DOMAINS = {
    "pseudonym": PERSON,  # key version, a dot, 26 characters of HMAC(centre's key, person): of no identity
    "rekey": TOKEN,
    "rekey_producer": PRODUCER,  # a producer that is itself a person's business (a pharmacy)
}
OLDEST = 90
ABROAD = "99"


def generalised(rows: DataFrame, schema: TableSchema) -> DataFrame:
    """The published columns of a table, each made from its ``from`` column by its ``generalise`` rule.

    ``rows`` carry ``person_id`` beside the columns of a standard table. A column under the key is not published yet: it
    holds what its token is made from. Raises ConfigError when a field declares no rule: nothing passes because nobody
    thought of it.
    """
    return schema.select(rows.select(*[column(item).alias(item.name) for item in schema.fields]))


def column(item: Field) -> Column:
    """One column, as it is before ``under_key``."""
    rule, source = item.veillee.get("generalise"), item.veillee.get("from")
    if rule == "pseudonym":
        return F.col("person_id")
    if (rule not in RULES and rule not in DOMAINS) or source is None:
        raise ConfigError(f"published field {item.name} has no known 'generalise' or no 'from' in its declaration.")
    return RULES.get(rule, keep)(F.col(source))


def domains(schema: TableSchema) -> dict[str, str]:
    """``{column: domain}`` of a published table's columns under the key, as its declaration says."""
    rules = {item.name: item.veillee.get("generalise", "keep") for item in schema.fields}
    rules |= {item.name: "pseudonym" for item in schema.fields if item.privacy == "pseudonym"}
    return {name: DOMAINS[rule] for name, rule in rules.items() if rule in DOMAINS}


def under_key(frame: DataFrame, schema: TableSchema, key: DataFrame, version: int) -> DataFrame:
    """Published rows from rows as ``generalised`` leaves them; ``key`` is the one-row table of the centre's key."""
    make = token_maker(schema, version)

    def each(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            if batch.num_rows:
                yield from make(pa.Table.from_batches([batch])).to_batches()

    return with_key(schema.select(frame), key).mapInArrow(each, schema.spark)


def token_maker(schema: TableSchema, version: int) -> Callable[[pa.Table], pa.Table]:
    """A function of one table: rows with the column ``key`` in, the declared columns with tokens out."""
    keyed, names = domains(schema), schema.names

    def make(rows: pa.Table) -> pa.Table:
        key, made = rows.column("key")[0].as_py(), rows.select(names)
        for name, domain in keyed.items():
            tokens = token_base32_array(key, rows.column(name).combine_chunks(), domain)
            if domain == PERSON:
                tokens = pc.binary_join_element_wise(str(version), tokens, ".")
            made = made.set_column(names.index(name), name, tokens)
        return made

    return make


def producer_token(key: bytes, producer: str) -> str:
    """The token of one producer."""
    return text_base32(key, PRODUCER, producer)


def cap_90(age: Column) -> Column:
    """Age in completed years, 90 and over together; an unknown age stays unknown (``least`` would make it 90)."""
    return F.when(age.isNotNull(), F.least(age, F.lit(OLDEST)))


def department(code: Column) -> Column:
    """Department of a postcode or residence code, as ``zone`` publishes it; 99 abroad, null if unreadable.

    2A and 2B, three characters overseas. Corsican postcodes: 200 and 201 lie in 2A, 202 and 206 in 2B. 980 is Monaco.
    """
    plain = F.upper(F.trim(code))
    two, three = F.substring(plain, 1, 2), F.substring(plain, 1, 3)
    return zone(
        F.when(~plain.rlike("^[0-9][0-9AB][0-9]{3}$"), None)
        .when((two == ABROAD) | (three == "980"), ABROAD)
        .when(three.rlike("^97[1-8]$|^98[4678]$"), three)
        .when(two.isin("2A", "2B"), two)
        .when(three.isin("200", "201"), "2A")
        .when(three.isin("202", "206"), "2B")
        .when(two.rlike("^(0[1-9]|1[0-9]|2[1-9]|[3-8][0-9]|9[0-5])$"), two)
    )


def zone(department: Column) -> Column:
    """A department as published: those of fewer than 20,000 inhabitants under the code of their zone.

    Which they are is told by the column ``zone`` of the code list ``department``.
    """
    small = [F.lit(row[name]) for row in embedded("department") if row["zone"] for name in ("code", "zone")]
    return F.coalesce(F.element_at(F.create_map(*small), department), department)


def keep(value: Column) -> Column:
    """The value as it is."""
    return value


RULES: dict[str, Callable[[Column], Column]] = {
    "keep": keep,
    "cap_90": cap_90,
    "department": department,
    "zone": zone,
}
