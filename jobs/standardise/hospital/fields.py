"""Which fields are cut from which kind of line, under the names used from here on. No name of a person is ever cut."""

from pyspark.sql import Column
from pyspark.sql import functions as F

from jobs.standardise.fixed_width_fields import Shape

UNIT_STAYS = ("rss", "rum")  # grouped and ungrouped lines tell the same, one without the group

UNIT_STAY = {
    "finess": "finess_epmsi",
    "stay": "local_stay_id",
    "rss_id": "rss_id",
    "rum_id": "rum_id",
    "ghm_cmd": "ghm_cmd",
    "ghm_suffix": "ghm_suffix",
    "return_code": "fg_return_code",
    "birth_text": "birth_date",
    "sex": "sex",
    "unit_code": "unit_id",
    "bed_authorisation": "bed_authorisation",
    "entry_text": "unit_entry_date",
    "entry_mode": "unit_entry_mode",
    "entry_origin": "unit_entry_origin",
    "exit_text": "unit_exit_date",
    "exit_mode": "unit_exit_mode",
    "exit_destination": "unit_exit_destination",
    "residence_code": "residence_postcode",
    "newborn_weight": "newborn_weight_g",
    "gestational_age": "gestational_age_weeks",
    "last_menses": "last_menses_date",
    "session_count": "session_count",
    "principal_diagnosis": "principal_diagnosis",
    "related_diagnosis": "related_diagnosis",
    "severity_score": "igs2",
    "coding_confirmed": "coding_confirmed",
    "radiotherapy_machine": "radiotherapy_machine",
    "dosimetry_type": "dosimetry_type",
    "conversion": "conversion_full_stay",
    "raac": "raac",
    "context_surveillance": "context_surveillance",
    "hospital_reserve": "hospital_reserve_product",
    "tariff_ruling": "tariff_ruling",
    "intervention_category": "intervention_category",
    "unscheduled": "unscheduled",
    "emergency_passage": "emergency_passage",
    "reserved": "reserved",
}
IDENTITY = {
    "finess": "finess_epmsi",
    "stay": "local_stay_id",
    "birth_text": "birth_date",
    "sex": "sex",
    "entry_text": "stay_entry_date",
    "exit_text": "stay_exit_date",
    "hospitalisation_text": "hospitalisation_date",
    "holder_number": "insured_nir",
    "holder_key": "insured_nir_key",
    "own_number": "individual_nir",
    "own_key": "individual_nir_key",
    "ins_number": "ins_matricule",
    "patient_number": "patient_ipp",
    "mother_stay": "mother_local_stay_id",
    "birth_rank": "birth_rank",
}
DRUG = {
    "finess": "finess_epmsi",
    "stay": "local_stay_id",
    "prestation": "prestation_type",
    "entry_text": "administration_date",
    "drug_code": "ucd_code",
    "quantity_text": "quantity_x1000",
    "amount_text": "amount_x1000",
    "indication": "indication_code",
}
UNIT = {
    "unit_code": "unit_id",
    "site_finess": "finess_site",
    "authorisation": "authorisation_type",
    "entry_text": "effective_date",
    "bed_count": "bed_count",
    "unit_mode": "hospitalisation_mode",
}
LINK = {"rss_id": "rss_id", "stay": "local_stay_id"}
FIELDS_OF: dict[str, dict[str, str]] = {
    "vid_hosp": IDENTITY,
    "rss": UNIT_STAY,
    "rum": UNIT_STAY,
    "drug": DRUG,
    "unit": UNIT,
    "link": LINK,
}
ACT = (
    "act_date",
    "ccam_code",
    "pmsi_extension",
    "phase",
    "activity",
    "documentary_extension",
    "modifiers",
    "exceptional_reimbursement",
    "unplanned_association",
    "execution_count",
)
REPEATED = {
    "associated": ("da_repeat", ("associated_diagnosis",)),
    "documentary": ("dad_repeat", ("documentary_data",)),
    "acts": ("act_repeat", ACT),
}
DIAGNOSIS = r"[A-Z]\d\d[\d+]{0,3}"
SHAPE = Shape(FIELDS_OF, dict.fromkeys(UNIT_STAYS, REPEATED), DIAGNOSIS)


def is_unit_stay() -> Column:
    """Whether a line tells of a stay in one unit."""
    return F.col("kind").isin(*UNIT_STAYS)


def whole_number(text: Column) -> Column:
    """A number of digits; null when it is blank or anything else."""
    return F.when(text.rlike(r"^ *\d+ *$"), F.trim(text).try_cast("int"))
