"""The tables of the new snapshot, from the lines that are part of it."""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.codes import ccam, cim10, ghm
from jobs.core.schema import load_schema
from jobs.standardise.hospital.compare import PLACE
from jobs.standardise.hospital.covid import covid_status
from jobs.standardise.hospital.fields import ACT, is_unit_stay, whole_number
from jobs.standardise.hospital.rules import day
from jobs.standardise.hospital.transmissions import FAST_TRACK

STAY = ["stay_id", "producer"]  # the token first, see decide
COMMON = ["producer", "period", "subject_id", "stay_id", "line_id"]


def placed_in_snapshot(decided: DataFrame) -> DataFrame:
    """Adds what a line has as part of the new snapshot: ``subject_id``, ``period``, ``provisional``.

    The subject is the hospital's permanent patient number when the stay's identity line gives one, else the stay.
    """
    stay, current = Window.partitionBy(*STAY), F.col("current")
    vid = current & (F.col("kind") == "vid_hosp")
    residence = F.max(F.when(current & is_unit_stay(), F.struct("entry_date", "residence_code"))).over(stay)
    seen = decided.withColumns(
        {
            "subject_id": F.coalesce(F.max(F.when(vid, F.col("patient_id"))).over(stay), "stay_subject_id", "stay_id"),
            "residence_code": F.coalesce("residence_code", residence["residence_code"]),
            "provisional": F.col("transmission") == FAST_TRACK,
        }
    )
    where = F.coalesce("stay_exit", covered_exit(), covered_start())
    return seen.withColumn("period", F.date_format(where, "yyyy-MM"))


def snapshot_lines(decided: DataFrame) -> DataFrame:
    """Lines of the new snapshot, with the place that they were first accepted at."""
    kept = {name: F.coalesce(f"base_{name}", name) for name in PLACE} | {"delivery_told": F.col("delivery_id")}
    return decided.where("current").withColumns(kept).drop("line")


def covered_exit() -> Column:
    """Last date of a line without a stay, when it lies in the years that the delivery covers; a unit file has none."""
    last = F.when(F.col("kind") != "unit", F.coalesce("exit_date", "entry_date"))
    year = F.date_format(last, "yyyy")
    return F.when(year.between(F.col("first_year"), F.col("last_year")), last)


def covered_start() -> Column:
    """The first day of the first covered year: where an identity line without any date is kept."""
    return F.to_date(F.concat("first_year", F.lit("-01-01")))


def units_of(lines: DataFrame) -> DataFrame:
    """Unit stays in order of entry: ``unit_rank``, and the values of the stay that its first and last unit give."""
    whole = Window.partitionBy(*STAY)
    in_order = whole.orderBy("entry_date", "exit_date", "rum_id", "record")
    throughout = in_order.rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    numbers = ("newborn_weight", "gestational_age", "session_count", "severity_score")
    units = lines.where(is_unit_stay()).withColumns({name: whole_number(F.col(name)) for name in numbers})
    last = {name: F.last(name).over(throughout) for name in ("exit_mode", "exit_destination")}
    return units.withColumns(
        {
            "unit_rank": F.row_number().over(in_order).cast("bigint"),
            "unit_count": F.count(F.lit(1)).over(whole),
            "stay_sessions": F.sum("session_count").over(whole),
            "stay_codes": F.flatten(F.collect_list(codes_of_unit()).over(whole)),
            **{f"stay_{name}": column for name, column in last.items()},
        }
    )


def codes_of_unit() -> Column:
    """All diagnoses of a unit as kept, whatever their position."""
    own = F.array("principal_diagnosis", "related_diagnosis")
    return F.transform(F.concat(own, "associated", "documentary"), cim10.normalise)


def unit_stay_table(units: DataFrame) -> DataFrame:
    """One row per unit stay."""
    schema = load_schema("standard/hospital_unit_stay")
    return shaped(
        units.withColumns(
            {
                "principal_diagnosis": cim10.normalise(F.col("principal_diagnosis")),
                "related_diagnosis": cim10.normalise(F.col("related_diagnosis")),
                "line_version": F.col("version"),
            }
        ),
        schema.name,
    )


def stay_table(units: DataFrame, mothers: DataFrame) -> DataFrame:
    """One row per stay, from its first unit; ``mothers``: stay_id, mother_stay_id."""
    first = units.where(F.col("unit_rank") == 1).drop("mother_stay_id").join(mothers, "stay_id", how="left")
    years = F.year("entry_date") - F.year("birth_date")
    not_yet = F.date_format("entry_date", "MMdd") < F.date_format("birth_date", "MMdd")
    age = F.when(not_yet, years - 1).otherwise(years)
    group = F.concat("ghm_cmd", "ghm_suffix")
    covid = covid_status(F.col("stay_codes"), F.col("stay_exit"), "pmsi")
    return shaped(
        first.withColumns(
            {
                "covid": F.coalesce(covid["covid"], F.lit(False)),
                "covid_confirmed": F.coalesce(covid["confirmed"], F.lit(False)),
                "valued": F.when(group.isNotNull(), ~ghm.is_error(group)),
                "exit_date": F.col("stay_exit"),
                "exit_mode": F.col("stay_exit_mode"),
                "exit_destination": F.col("stay_exit_destination"),
                "length_of_stay": F.datediff("stay_exit", "entry_date"),
                "age_years": age,
                "age_days": F.when(age == 0, F.datediff("entry_date", "birth_date")),
                "sex": F.when(F.col("sex").isin("1", "2", "3"), F.col("sex")),
                "ghm": group,
                "grouper_return_code": F.col("return_code"),
                "line_version": F.col("version"),
                "session_count": F.col("stay_sessions"),
                "newborn_weight": F.nullif("newborn_weight", F.lit(0)),
                "gestational_age": F.nullif("gestational_age", F.lit(0)),
            }
        ),
        "hospital_stay",
    )


def diagnoses_of(units: DataFrame, known: DataFrame) -> DataFrame:
    """Every diagnosis of every unit, by position; blank places of a repeated block are none."""
    places = F.concat(
        F.array(placed("principal", F.lit(0), F.col("principal_diagnosis"))),
        F.array(placed("related", F.lit(0), F.col("related_diagnosis"))),
        F.transform("associated", lambda code, rank: placed("associated", rank, code)),
        F.transform("documentary", lambda code, rank: placed("documentary", rank, code)),
    )
    rows = units.select(*COMMON, "unit_rank", *PLACE, F.explode(places).alias("told"))
    columns = {
        "kind": F.col("told.kind"),
        "code": cim10.normalise(F.col("told.text")),
        "diagnosis_rank": (F.col("told.place") + 1).cast("bigint"),
    }
    return flagged(rows.withColumns(columns).where(F.col("code").isNotNull()), known)


def placed(kind: str, place: Column, text: Column) -> Column:
    """A diagnosis with its position in the line."""
    return F.struct(F.lit(kind).alias("kind"), place.alias("place"), text.alias("text"))


def procedures_of(units: DataFrame, known: DataFrame) -> DataFrame:
    """Every act of every unit."""
    rows = units.select(*COMMON, "unit_rank", *PLACE, F.posexplode("acts").alias("place", "act"))
    text = {name: F.col("act")[name] for name in ACT}
    columns = {
        "procedure_rank": (F.col("place") + 1).cast("bigint"),
        "procedure_date": day(text["act_date"]),
        "code": ccam.act_code(text["ccam_code"]),
        "extension": ccam.extension(text["pmsi_extension"]),
        "phase": text["phase"],
        "activity": text["activity"],
        "documentary_extension": text["documentary_extension"],
        "modifiers": text["modifiers"],
        "association": text["unplanned_association"],
        "act_count": whole_number(text["execution_count"]),
    }
    return flagged(rows.withColumns(columns).where(F.col("code").isNotNull()), known)


def flagged(rows: DataFrame, known: DataFrame) -> DataFrame:
    """Adds ``code_known``; ``known`` has the column ``code``."""
    listed = known.select("code", F.lit(True).alias("listed"))
    joined = rows.join(F.broadcast(listed), "code", how="left")
    return joined.withColumn("code_known", F.coalesce("listed", F.lit(False)))


def line_table(lines: DataFrame) -> DataFrame:
    """What the next night needs to know of this snapshot's lines: tokens, place and warnings, nothing that they say."""
    told = {"exit_date": F.col("stay_exit"), "warnings": F.nullif(F.concat_ws(",", "warnings"), F.lit(""))}
    return shaped(lines.withColumns(told), "hospital_line")


def shaped(frame: DataFrame, table: str) -> DataFrame:
    """The declared columns with their declared types. Casts only widen numbers: everything else has its type."""
    schema = load_schema(f"standard/{table}")
    return schema.select(frame.select(*[F.col(item.name).cast(item.spark) for item in schema.fields]))


def mothers_of(lines: DataFrame) -> DataFrame:
    """The mother's stay of each newborn whose identity line names one."""
    named = lines.where((F.col("kind") == "vid_hosp") & F.col("mother_stay_id").isNotNull())
    return named.select("stay_id", "mother_stay_id")
