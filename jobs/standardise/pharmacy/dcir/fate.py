"""What becomes of each line: services and the lines under them meet on the nine-column key, in one shuffle.

A service (ER_PRS_F) has lines of drugs, hospital drugs or acts under it, each table joined to services alone. All
lines of one key stand in one window, so no line is multiplied by a neighbour: each is accepted, a duplicate, ignored
or refused.
"""

from pyspark.sql import Column, DataFrame, Window, WindowSpec
from pyspark.sql import functions as F

from jobs.core.tokens import token_hex
from jobs.standardise.pharmacy.dcir.columns import PERSON, PLACE, SERVICE
from jobs.standardise.pharmacy.dcir.layout import CHILDREN, CLAIMS, DRUGS, FACILITIES, REFERENCES
from jobs.standardise.pharmacy.dcir.months import Flux

INFORMATION, PUBLIC, NOT_READ = "DCI-020", "DCI-021", "DCI-022"
IGNORED = (INFORMATION, PUBLIC, NOT_READ)
ORPHAN, PARENT_REFUSED, KEY_TAKEN = "DCI-012", "DCI-013", "DCI-014"
NO_DRUG_LINE, SIGN, RANK_REPEATED = "DCI-102", "DCI-105", "DCI-113"
# Natures of service that have drug lines (documentation of ER_PHA_F): one without any is told.
DRUG_SERVICES = ("3311", "3312", "3313", "3314", "3315", "3316", "3331", "3332", "3341", "9566")
RANK = {CLAIMS: 0, **{name: rank for rank, name in enumerate(CHILDREN, start=1)}, FACILITIES: 9}
OWN = ("ordinal", "code", "code_source", "quantity", "unit", "unit_price", "fraction")


def with_fate(
    lines: DataFrame, flux: Flux, key: DataFrame, told: DataFrame | None = None, claims: DataFrame | None = None
) -> DataFrame:
    """Every line with its fate: ``rule``, ``warnings``, ``duplicate``, ``told`` (the base holds it), ``active``.

    A line that makes a row of claims (``makes_row``) has the columns of its service in ``service``, and ``primary``
    tells whether it carries the claim's amounts. ``lines``: as read_lines gives them, with ``sequence``. ``told``:
    prints of lines that the base holds. ``claims``: claims of the base that nobody replaces; another line under the
    key of one of them is refused.
    """
    known = with_print(lines, key).withColumn("active", active(flux))
    if told is None:
        known = known.withColumn("told", F.lit(False))
    else:
        known = known.join(told, ["producer", "print"], how="left").withColumn("told", F.coalesce("told", F.lit(False)))
    if claims is not None:
        known = with_taken(known, key, claims)
    placed = known.withColumns(
        {
            "_rank": rank_of(),
            "_group": F.coalesce("claim_key", "print"),
            "_set": F.when(F.col("active"), "").otherwise(F.col("delivery_id")),
        }
    )
    order = Window.partitionBy("producer", "_set", "_group").orderBy(
        "_rank", "ordinal", "print", "sequence", "file", "record"
    )
    return judged(windowed(placed, order))


def with_taken(lines: DataFrame, key: DataFrame, claims: DataFrame) -> DataFrame:
    """Refuse lines that would add to a claim which the base holds: a correction replaces its month."""
    named = lines.crossJoin(F.broadcast(key)).withColumn("claim_id", claim_id()).drop("key")
    found = named.join(claims.withColumn("_held", F.lit(True)), ["producer", "claim_id"], how="left")
    refused = F.col("rule").isNull() & F.coalesce("_held", F.lit(False)) & ~F.col("told")
    return found.withColumn("rule", F.when(refused, KEY_TAKEN).otherwise(F.col("rule"))).drop("claim_id", "_held")


def claim_id() -> Column:
    """The claim that a line is part of: a keyed token of the nine key columns."""
    return token_hex("claim", F.col("producer"), F.col("claim_key"))


def with_print(lines: DataFrame, key: DataFrame) -> DataFrame:
    """``print``: a keyed digest of the line's bytes and table, 32 hexadecimal characters; equal for equal lines."""
    words = F.encode(F.concat_ws("\x1f", F.lit("dcir line"), "producer", "table", F.lit("")), "UTF-8")
    value = F.call_function("hmac", F.col("key"), F.concat(words, F.col("bytes")), F.lit("SHA256"))
    keyed = lines.crossJoin(F.broadcast(key))
    return keyed.withColumn("print", F.lower(F.hex(F.substring(value, 1, 16)))).drop("key")


def active(flux: Flux) -> Column:
    """Whether a line counts: its delivery tells its flux month, or the reference that it is part of."""
    counts = F.col("flux_month").isNull() & ~F.col("table").isin(*REFERENCES)
    for producer, delivery in sorted({(one[0], one[1]) for one in flux.active}):
        months = sorted(month for one, other, month in flux.active if (one, other) == (producer, delivery))
        counts = counts | (of_delivery(producer, delivery) & F.col("flux_month").isin(*months))
    for (producer, table), (delivery, _) in sorted(flux.references.items()):
        counts = counts | (of_delivery(producer, delivery) & (F.col("table") == table))
    return F.coalesce(counts, F.lit(False))


def of_delivery(producer: str, delivery: str) -> Column:
    """Lines of one delivery."""
    return (F.col("producer") == producer) & (F.col("delivery_id") == delivery)


def rank_of() -> Column:
    """Services first, then the lines under them in the order in which one of them carries the amounts."""
    rank = F.lit(10)
    for name, place in RANK.items():
        rank = F.when(F.col("table") == name, place).otherwise(rank)
    return rank


def windowed(lines: DataFrame, order: WindowSpec) -> DataFrame:
    """What the lines of one key know of each other."""
    whole = order.rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    so_far = order.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    is_service, read = F.col("table") == CLAIMS, F.col("rule").isNull()
    service = is_service & read
    child = F.col("table").isin(*CHILDREN) & read
    same = (F.lag("table").over(order) == F.col("table")) & (F.lag("print").over(order) == F.col("print"))
    same_rank = (F.lag("table").over(order) == F.col("table")) & (F.lag("ordinal").over(order) == F.col("ordinal"))
    prints = F.when(service, F.col("print"))
    duplicate = F.coalesce(same, F.lit(False)) & read
    return lines.withColumns(
        {
            "duplicate": duplicate,
            "_same_rank": F.coalesce(same_rank, F.lit(False)) & child & ~duplicate,
            "service": F.first(F.when(service, F.struct(*SERVICE, "warnings", "print")), True).over(whole),
            "_taken": F.coalesce(F.min(prints).over(whole) != F.max(prints).over(whole), F.lit(False)),
            "_information": flag(is_service & (F.col("rule") == INFORMATION), whole),
            "_refused": flag(is_service & F.col("rule").isNotNull(), whole),
            "_public": flag((F.col("table") == FACILITIES) & read & (F.col("activity_indicator") == 1), whole),
            "_children": F.count_if(child).over(whole),
            "_child": F.count_if(child).over(so_far),
            "_drugs": F.count_if(child & (F.col("table") == DRUGS)).over(whole),
            "facilities": F.concat_ws(
                ",", F.sort_array(F.collect_set(F.when(F.col("table") == FACILITIES, F.col("print"))).over(whole))
            ),
        }
    )


def flag(condition: Column, window: WindowSpec) -> Column:
    """Whether any line of the window meets a condition."""
    return F.coalesce(F.bool_or(condition).over(window), F.lit(False))


def judged(lines: DataFrame) -> DataFrame:
    """Rule, warnings and the part in a row of claims, of what the lines of one key know of each other."""
    is_service = F.col("table") == CLAIMS
    late = F.when(F.col("claim_key").isNotNull() & F.col("rule").isNull(), late_rule(is_service))
    rule = F.coalesce("rule", late)
    eligible = rule.isNull() & ~F.col("duplicate") & F.col("service").isNotNull() & F.col("active")
    alone = is_service & (F.col("_children") == 0)
    child = F.col("table").isin(*CHILDREN)
    told = F.concat_ws(
        ",", "warnings", *[F.when(F.coalesce(odd, F.lit(False)), code) for code, odd in odd_of().items()]
    )
    made = lines.withColumns(
        {
            "_rule": rule,
            "warnings": F.nullif(told, F.lit("")),
            "makes_row": eligible & (alone | child),
            "primary": alone | (F.col("_child") == 1),
            "service": F.when(eligible & (alone | child), F.col("service")),
        }
    )
    keep = (*PLACE, "table", "claim_key", "flux_month", "print", "sequence", *OWN, "person", "sex", "department")
    kept = [F.col(name) for name in (*keep, "nir_status", "died_on", *PERSON)]
    return made.select(
        *kept,
        F.col("_rule").alias("rule"),
        F.when(F.col("rule").isNotNull(), F.col("field")).alias("field"),
        F.when(F.col("_rule").isNotNull(), F.col("bytes")).alias("bytes"),
        *[F.col(name) for name in ("warnings", "active", "duplicate", "told", "makes_row", "primary", "service")],
        F.when(F.col("makes_row"), F.col("facilities")).alias("facilities"),
    )


def late_rule(is_service: Column) -> Column:
    """What refuses or leaves out a line that could be read, because of the other lines of its key."""
    orphan = F.when(F.col("_information"), INFORMATION).when(F.col("_refused"), PARENT_REFUSED).otherwise(ORPHAN)
    taken = F.when(is_service, KEY_TAKEN).otherwise(PARENT_REFUSED)
    return (
        F.when(F.col("_taken"), taken)
        .when(F.col("service").isNull(), orphan)
        .when(F.col("_public"), PUBLIC)
    )  # fmt: skip


def odd_of() -> dict[str, Column]:
    """What is odd about a line in view of its service, by rule."""
    service = F.col("service")
    quantity = F.coalesce(F.col("quantity"), F.when(F.col("table") == CLAIMS, service["act_quantity"]))
    amount = F.coalesce(service["amount_insurance"], service["amount_total"])
    drug = service["service_nature"].isin(*DRUG_SERVICES) & (F.coalesce(service["supplement"], F.lit(0)) < 2)
    opposite = (quantity * F.signum(amount) < 0) | ((service["sign"] == 2) & (quantity > 0))
    return {
        NO_DRUG_LINE: (F.col("table") == CLAIMS) & drug & (F.col("_drugs") == 0),
        SIGN: opposite,
        RANK_REPEATED: F.col("_same_rank"),
    }
