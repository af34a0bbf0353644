"""Names of the FHIR world in those of the CDA world: systems as OIDs, status words, reasons why a value is missing."""

from jobs.standardise.shared_record.oids import ATC, CCAM, CIP, CIS, EDQM, ICD10, LOINC, PROFESSIONAL, STRUCTURE

UCUM = "http://unitsofmeasure.org"
SNOMED = "2.16.840.1.113883.6.96"
ACT_CODE = "2.16.840.1.113883.5.4"
CONFIDENTIALITY = "2.16.840.1.113883.5.25"
NULL_FLAVOR = "2.16.840.1.113883.5.1008"
ABSENT_REASON = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
URN_OID, URN_UUID = "urn:oid:", "urn:uuid:"
MASTER = "urn:ietf:rfc:3986"  # an identifier whose value is a URI by itself

# Systems of HL7's terminology pages and of the French terminology server; the OIDs are those CDA documents use.
OIDS = {
    "http://loinc.org": LOINC,
    "http://snomed.info/sct": SNOMED,
    "http://hl7.org/fhir/sid/icd-10": ICD10,
    "https://smt.esante.gouv.fr/terminologie-cim-10": ICD10,
    "http://www.whocc.no/atc": ATC,
    "https://smt.esante.gouv.fr/terminologie-atc": ATC,
    "https://smt.esante.gouv.fr/terminologie-ccam": CCAM,
    "https://smt.esante.gouv.fr/terminologie-bdpm": CIS,
    "https://smt.esante.gouv.fr/terminologie-cip_ucd": CIP[0],
    "https://smt.esante.gouv.fr/terminologie-standardterms": EDQM,
    "http://standardterms.edqm.eu": EDQM,
    UCUM: "2.16.840.1.113883.6.8",
    "http://terminology.hl7.org/codesystem/v3-actcode": ACT_CODE,
    "http://terminology.hl7.org/codesystem/v3-confidentiality": CONFIDENTIALITY,
    "http://terminology.hl7.org/codesystem/v3-nullflavor": NULL_FLAVOR,
    "http://terminology.hl7.org/codesystem/v3-observationinterpretation": "2.16.840.1.113883.5.83",
    "http://terminology.hl7.org/codesystem/v3-routeofadministration": "2.16.840.1.113883.5.112",
    "http://terminology.hl7.org/codesystem/v3-observationvalue": "2.16.840.1.113883.5.1063",
    "http://hl7.org/fhir/sid/cvx": "2.16.840.1.113883.12.292",
    "https://rpps.esante.gouv.fr": PROFESSIONAL,
    "http://rpps.fr": PROFESSIONAL,
    "https://finess.esante.gouv.fr": STRUCTURE,
    "http://finess.sante.gouv.fr": STRUCTURE,
}

# HL7's map of data-absent-reason to null flavours; what has no counterpart is "no information"
ABSENT = {
    "unknown": "UNK",
    "asked-unknown": "ASKU",
    "asked-declined": "ASKU",
    "temp-unknown": "NAV",
    "not-asked": "NASK",
    "masked": "MSK",
    "not-applicable": "NA",
    "unsupported": "UNC",
    "negative-infinity": "NINF",
    "positive-infinity": "PINF",
}
NO_INFORMATION = "NI"

GONE = "entered-in-error"
STATUS: dict[str, dict[str, str | None]] = {
    "Observation": {
        "registered": "active", "preliminary": "active", "final": "completed", "amended": "completed",
        "corrected": "completed", "cancelled": "aborted", "unknown": None,
    },
    "Immunization": {"completed": "completed", "not-done": "completed"},
    "MedicationRequest": {
        "active": "active", "on-hold": "suspended", "cancelled": "cancelled", "completed": "completed",
        "stopped": "aborted", "draft": "new", "unknown": None,
    },
    "MedicationDispense": {
        "preparation": "new", "in-progress": "active", "cancelled": "cancelled", "on-hold": "suspended",
        "completed": "completed", "stopped": "aborted", "declined": "cancelled", "unknown": None,
    },
    "Procedure": {
        "preparation": "new", "in-progress": "active", "not-done": "completed", "on-hold": "suspended",
        "stopped": "aborted", "completed": "completed", "unknown": None,
    },
}  # fmt: skip
CLINICAL = {
    "active": "active",
    "recurrence": "active",
    "relapse": "active",
    "inactive": "inactive",
    "remission": "inactive",
    "resolved": "resolved",
}
AVAILABILITY = {"current": "approved", "superseded": "deprecated", GONE: "deleted"}
SEVERITY = {"mild": "255604002", "moderate": "6736007", "severe": "24484000"}  # SNOMED CT
CRITICALITY = {"low": "CRITL", "high": "CRITH", "unable-to-assess": "CRITU"}
ALLERGY_KINDS = {  # HL7 v3 ActCode of (allergy?, category)
    (True, "food"): "FALG",
    (True, "medication"): "DALG",
    (True, "environment"): "EALG",
    (False, "food"): "FINT",
    (False, "medication"): "DINT",
    (False, "environment"): "EINT",
}
GENDERS: dict[str, str | None] = {"male": "M", "female": "F", "other": "UN", "unknown": None}


def system_oid(uri: str | None) -> str | None:
    """The OID of a system; an address that no OID is known for stays as it was sent."""
    if not uri:
        return None
    if uri.lower().startswith(URN_OID):
        return uri[len(URN_OID) :].strip().lower()
    return OIDS.get(uri.lower().rstrip("/"), uri)


def is_oid(system: str | None) -> bool:
    """Whether a system could be named by its OID."""
    return bool(system) and set(str(system)) <= set("0123456789.")
