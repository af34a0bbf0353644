"""Controls on single fields of a unit line: identity, flags, numbers, residence."""

from pyspark.sql import functions as F

from jobs.standardise.hospital.controls.model import DIGITS, Control, blocking, given, outside, signal

FINESS = r"^(\d{9}|2[AB]\d{7})$"
OLDEST_YEARS = 140
FIRST_DAY = "1984-01-01"


def identity_controls() -> list[Control]:
    """RSS number, birth, sex and the hospital's number."""
    older = F.col("entry_date") > F.add_months("birth_date", 12 * OLDEST_YEARS)
    days_at_exit = F.datediff("exit_date", "birth_date")
    return [
        blocking("011", F.col("rss_id").isNull(), "rss_id"),
        blocking("015", older, "birth"),
        blocking("016", F.col("sex").isNull(), "sex"),
        blocking("017", outside("sex", "123"), "sex"),
        signal("076", ~F.col("producer").rlike(FINESS), "finess"),
        blocking("258", (F.col("sex") == "3") & (days_at_exit >= 90), "sex"),
    ]


def date_controls() -> list[Control]:
    """Entry and exit against the delivery's last covered day: a clock would judge the same bytes twice differently."""
    return [
        signal("064", F.col("entry_date") > F.col("covers_to"), "entry"),
        signal("065", F.col("exit_date") > F.col("covers_to"), "exit"),
        signal("077", F.col("entry_date") < F.lit(FIRST_DAY).cast("date"), "entry"),
    ]


def text_controls() -> list[Control]:
    """Unit, residence, reserved zone and severity score."""
    residence = F.coalesce("residence_code", F.lit(""))
    return [
        signal("062", F.col("unit_code").isNull(), "unit_code"),
        signal("081", ~F.col("residence_code").rlike(DIGITS), "residence_code"),
        signal("083", given("reserved"), "reserved"),
        blocking("169", ~F.col("severity_score").rlike(DIGITS), "severity_score"),
        signal("184", F.length(residence) < 5, "residence_code"),
    ]


def flag_controls() -> list[Control]:
    """Fields of one character; blank is always allowed."""
    return [
        signal("121", outside("coding_confirmed", "12"), "coding_confirmed"),
        signal("122", outside("radiotherapy_machine", "1234"), "radiotherapy_machine"),
        signal("123", outside("dosimetry_type", "1234"), "dosimetry_type"),
        blocking("151", outside("conversion", "12"), "conversion"),
        blocking("188", outside("raac", "12"), "raac"),
        blocking("195", outside("context_surveillance", "12"), "context_surveillance"),
        blocking("196", outside("hospital_reserve", "12"), "hospital_reserve"),
        blocking("197", outside("tariff_ruling", "12"), "tariff_ruling"),
        blocking("198", outside("intervention_category", "ABC"), "intervention_category"),
        blocking("251", outside("unscheduled", "12"), "unscheduled"),
        blocking("256", outside("emergency_passage", "5UV"), "emergency_passage"),
        blocking("257", given("emergency_passage") & F.col("entry_mode").isin("N", "0"), "emergency_passage"),
    ]
