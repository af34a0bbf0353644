"""All controls on unit lines: the first blocking one that fires, and every signal."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.standardise.hospital.controls import acts, diagnoses, modes, newborns, record, stay
from jobs.standardise.hospital.controls.facts import with_facts
from jobs.standardise.hospital.controls.model import Control, named_if
from jobs.standardise.hospital.controls.reference import References, reference_controls, with_references

GROUPS = (
    record.identity_controls, record.date_controls, record.text_controls, record.flag_controls,
    diagnoses.shape_controls, diagnoses.position_controls, diagnoses.age_controls, diagnoses.stillbirth_controls,
    newborns.entry_controls, newborns.weight_controls, newborns.gestation_controls, newborns.menses_controls,
    acts.act_controls, acts.listed_act_controls,
    modes.mode_controls,
    stay.sequence_controls, stay.session_controls, stay.unscheduled_controls,
)  # fmt: skip


def judge_units(units: DataFrame, references: References) -> DataFrame:
    """Adds ``control``, ``control_field`` and ``signals`` to unit lines, one row each.

    ``units``: lines that the line rules let through, none of them twice, text trimmed and null when blank, with the
    fields that the controls name, ``associated`` (array of codes, blank places null), ``acts`` (array of structs) and
    ``covers_to`` (last day that the delivery covers). ``control`` is the code of the first blocking control that
    fires, in the order of their numbers, else null, and ``control_field`` the field at fault; ``signals`` are the
    codes of all signals that fire, whatever ``control`` says.
    """
    controls = all_controls(references)
    blocking = [one for one in controls if one.effect == "blocking"]
    signals = [one for one in controls if one.effect == "signal"]
    fired = F.coalesce(*[F.when(one.condition, f"{one.code} {one.field}") for one in blocking])
    told = named_if({one.code: one.condition for one in signals})
    judged = with_facts(with_references(units, references)).withColumns({"fired": fired, "signals": told})
    control, field = (F.split_part("fired", F.lit(" "), F.lit(place)) for place in (1, 2))
    return judged.select(*units.columns, control.alias("control"), field.alias("control_field"), "signals")


def all_controls(references: References) -> list[Control]:
    """Every control in the order of the grouper's numbers, then those of ours."""
    found = [one for group in GROUPS for one in group()] + reference_controls(references)
    return sorted(found, key=lambda one: one.code)
