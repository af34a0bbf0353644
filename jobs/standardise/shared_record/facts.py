"""The clinical facts of a document: what every carrier hands over, as text, before anything is typed.

One kind of fact becomes one published table. A reader of CDA and a reader of FHIR fill the same fields, so that an
analyst does not see by which carrier a fact came. Codes go with the OID of their system (never its name), FHIR's system
URIs translated to OIDs; times are HL7 times (``YYYYMMDDHHMMSS±ZZZZ``, as short as they were sent); ``null_flavor`` says
why a value is missing (``MSK`` is masked, not unknown); ``negated`` is ``true`` when the fact is said *not* to be.
"""

# measured: laboratory results and vital signs
MEASURE = (
    "time",
    "code",
    "code_system",
    "code_kind",
    "status",
    "value_type",
    "value_number",
    "value_comparator",
    "value_code",
    "value_system",
    "unit",
    "interpretation",
    "reference_low",
    "reference_high",
    "negated",
    "null_flavor",
)
# a medicinal product as coded: what was sent, and the French codes wherever they stand (code or translation)
PRODUCT = ("product_code", "product_system", "cis", "cip13", "atc")
VACCINATION = (
    "time",
    "status",
    "negated",
    *PRODUCT,
    "disease_code",
    "disease_system",
    "dose_number",
    "dose_value",
    "dose_unit",
    "route_code",
    "route_system",
    "reason_code",
    "reason_system",
    "null_flavor",
)
PRESCRIPTION = (
    "start",
    "end",
    "status",
    "negated",
    *PRODUCT,
    "dose_value",
    "dose_high",
    "dose_unit",
    "every_value",
    "every_unit",
    "quantity_value",
    "quantity_unit",
    "repeats",
    "route_code",
    "route_system",
    "null_flavor",
)
DISPENSATION = (
    "time",
    "status",
    "negated",
    *PRODUCT,
    "quantity_value",
    "quantity_unit",
    "substituted",
    "null_flavor",
)
PROBLEM = (
    "kind",  # problem, history
    "start",
    "end",
    "code",
    "code_system",
    "icd10",
    "status",
    "negated",
    "severity",
    "null_flavor",
)
ALLERGY = (
    "kind_code",
    "kind_system",
    "start",
    "agent_code",
    "agent_system",
    "reaction_code",
    "reaction_system",
    "severity",
    "criticality",
    "status",
    "negated",
    "null_flavor",
)
PROCEDURE = (
    "start",
    "end",
    "code",
    "code_system",
    "ccam",
    "status",
    "negated",
    "site_code",
    "site_system",
    "null_flavor",
)
# column of the parsed frame -> fields of one entry
FACTS = {
    "results": MEASURE,
    "vital_signs": MEASURE,
    "vaccinations": VACCINATION,
    "prescriptions": PRESCRIPTION,
    "dispensations": DISPENSATION,
    "problems": PROBLEM,
    "allergies": ALLERGY,
    "procedures": PROCEDURE,
}
TABLES = {
    "results": "lab_result",
    "vital_signs": "vital_sign",
    "vaccinations": "vaccination",
    "prescriptions": "prescription",
    "dispensations": "document_dispensation",
    "problems": "problem",
    "allergies": "allergy",
    "procedures": "procedure_history",
}
