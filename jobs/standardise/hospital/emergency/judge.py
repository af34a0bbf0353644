"""Row rules of emergency visits: typed columns, then one rule when a visit is refused, or warnings when it is odd."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.core.ages import age
from jobs.standardise.context import Context
from jobs.standardise.hospital.covid import EMERGENCY, covid_status
from jobs.standardise.hospital.emergency import fields
from jobs.standardise.hospital.emergency.fields import NO_CODE

LONGEST_DAYS = 7  # ours: a longer visit is kept and told
TOLERANCE_DAYS = 1  # ours: an extraction of the small hours may hold visits of the day after its last covered one
# name: element, length in the format, values it lists (none: any code)
CODED: dict[str, tuple[str, int, tuple[str, ...]]] = {
    "entry_mode": ("MODE_ENTREE", 1, ("6", "7", "8")),
    "origin": ("PROVENANCE", 1, ("1", "2", "3", "4", "5", "6", "7", "8")),
    "exit_mode": ("MODE_SORTIE", 1, ("6", "7", "8", "9")),
    "destination": ("DESTINATION", 1, ("1", "2", "3", "4", "6", "7")),
    "transport": ("TRANSPORT", 5, ("PERSO", "AMBU", "VSAB", "SMUR", "HELI", "FO")),
    "transport_care": ("TRANSPORT_PEC", 7, ("MED", "PARAMED", "AUCUN")),
    "severity": ("GRAVITE", 1, ("1", "2", "3", "4", "5", "P", "D")),
    "orientation": ("ORIENT", 6, ()),
}
MODES, TRANSPORTS = ("entry_mode", "origin", "exit_mode", "destination"), ("transport", "transport_care", "orientation")


def judge_visits(context: Context, parsed: DataFrame) -> DataFrame:
    """Adds typed columns, ``rule`` and ``field`` (null when nothing refuses the visit) and ``warnings`` (an array)."""
    covers = context.delivery_table().select(
        "producer",
        "delivery_id",
        F.try_to_date("covers_from").alias("first_day"),
        F.try_to_date("covers_to").alias("last_day"),
    )
    known = typed(parsed.join(F.broadcast(covers), ["producer", "delivery_id"], how="left"))
    others = [one.producer for one in context.register.values() if one.source == context.source]
    fired = F.coalesce(
        *[F.when(broken, F.struct(F.lit(code).alias("rule"), at.alias("field"))) for code, broken, at in rules(others)]
    )
    judged = known.withColumn("fired", F.when(F.col("rule").isNull(), fired))
    return judged.withColumns(
        {
            "rule": F.coalesce("rule", F.col("fired.rule")),
            "field": F.coalesce("field", F.col("fired.field")),
            "warnings": warnings(),
        }
    ).drop("fired")


def typed(parsed: DataFrame) -> DataFrame:
    """Columns of PARSED with values beside the texts; ``period`` is the month of entry."""
    codes = {name: fields.coded(F.col(f"{name}_text"), length) for name, (_, length, _) in CODED.items()}
    frame = parsed.withColumns(
        {
            **codes,
            "site": fields.finess(F.try_element_at("finess_numbers", F.lit(1))),
            "entry_wall": fields.wall_time(F.col("entry_text")),
            "exit_wall": fields.wall_time(F.col("exit_text")),
            "birth_date": fields.birth_day(F.col("birth_text")),
            "sex": fields.sex(F.col("sex_text")),
            "residence_code": fields.postcode(F.col("residence_text")),
            "reason_given": F.col("reason_text").isNotNull(),
            "reason_code": fields.reason(F.col("reason_text")),
            "principal": fields.diagnosis(F.col("principal_text")),
            "associated": F.transform("associated_texts", fields.diagnosis),
            "acts": F.transform("act_texts", act_of),
        }
    )
    dated = frame.withColumns(
        {
            "entry_date": F.to_date("entry_wall"),
            "entry_hour": F.hour("entry_wall").cast("bigint"),
            "period": F.date_format("entry_wall", "yyyy-MM"),
            "seconds": fields.seconds_between(F.col("entry_wall"), F.col("exit_wall")),
        }
    )
    told = F.array_compact(F.concat(F.array("principal"), F.coalesce("associated", F.array().cast("array<string>"))))
    status = covid_status(told, F.col("entry_date"), EMERGENCY)
    return dated.withColumns(
        {
            "duration_minutes": F.floor(F.col("seconds") / 60).cast("bigint"),
            "age_years": age(F.col("birth_date"), F.col("entry_date")),
            "diagnosis_count": F.size(told).cast("bigint"),
            "procedure_count": F.size("acts").cast("bigint"),
            "covid": status["covid"],
            "covid_confirmed": status["confirmed"],
        }
    )


def act_of(text: Column) -> Column:
    """An act as a struct of code and extension."""
    return F.struct(fields.act(text).alias("code"), fields.act_extension(text).alias("extension"))


def rules(others: list[str]) -> list[tuple[str, Column, Column]]:
    """(code, condition, element at fault), in the order in which they are tried. A null condition does not fire.

    ``others``: registered hospitals. A number that none of them has is a site of the producer: its legal and geographic
    numbers may differ.
    """
    foreign = F.exists("finess_numbers", lambda one: one.isin(others) & (one != F.col("producer")))
    dates = {"ENTREE": "entry", "SORTIE": "exit", "NAISSANCE": "birth"}
    values = {"entry": "entry_wall", "exit": "exit_wall", "birth": "birth_date"}
    broken = F.coalesce(
        *[
            F.when(F.col(f"{name}_text").isNotNull() & F.col(values[name]).isNull(), F.lit(element))
            for element, name in dates.items()
        ]
    )
    end = F.date_add("last_day", TOLERANCE_DAYS)
    later = F.when(F.col("entry_date") > end, F.lit("ENTREE")).when(F.to_date("exit_wall") > end, F.lit("SORTIE"))
    return [
        ("RPU-008", foreign, F.lit("FINESS")),
        ("RPU-015", F.col("repeated").isNotNull(), F.col("repeated")),
        ("RPU-010", F.col("entry_text").isNull(), F.lit("ENTREE")),
        ("RPU-011", broken.isNotNull(), broken),
        ("RPU-012", F.col("seconds") < 0, F.lit("SORTIE")),
        ("RPU-013", F.col("birth_date") > F.col("entry_date"), F.lit("NAISSANCE")),
        ("RPU-014", later.isNotNull(), later),
    ]


def warnings() -> Column:
    """What is odd and accepted all the same: codes in a fixed order; nothing is said of a refused visit."""
    site = F.col("site")
    told = {
        "RPU-020": any_of([unlisted(name) for name in MODES]),
        "RPU-021": any_of([unlisted(name) for name in TRANSPORTS]),
        "RPU-022": unlisted("severity"),
        "RPU-023": F.col("sex").isNull() & ~F.upper("sex_text").eqNullSafe("I"),
        "RPU-024": F.col("birth_text").isNull(),
        "RPU-025": ~F.col("entry_date").between(F.col("first_day"), F.col("last_day")),
        "RPU-026": F.col("seconds") > LONGEST_DAYS * 86_400,
        "RPU-027": site != F.col("producer"),
        "RPU-031": F.col("residence_text").isNotNull() & F.col("residence_code").isNull(),
    }
    codes = [F.when(condition & F.col("rule").isNull(), F.lit(code)) for code, condition in told.items()]
    return F.array_compact(F.array(*codes))


def unlisted(name: str) -> Column:
    """Whether a code was sent that the format does not list; false when nothing was sent."""
    _, _, listed = CODED[name]
    value = F.col(name)
    strange = (value == NO_CODE) if not listed else ~value.isin(*listed)
    return F.coalesce(strange, F.lit(False))


def any_of(conditions: list[Column]) -> Column:
    """Whether any of some conditions holds."""
    found = conditions[0]
    for one in conditions[1:]:
        found = found | one
    return found
