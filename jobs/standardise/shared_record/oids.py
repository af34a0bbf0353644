"""Names of the CDA world: namespaces, elements, and the OIDs that decide what an identifier or code is."""

from jobs.identifiers import ins
from jobs.identifiers.ins import REAL_OIDS

HL7 = "{urn:hl7-org:v3}"
XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
STYLESHEET = "{http://www.w3.org/1999/XSL/Transform}stylesheet"
CLINICAL_DOCUMENT = HL7 + "ClinicalDocument"

INS = REAL_OIDS
INS_TEST = (ins.INS_TEST, ins.INS_DEMO)
SOCIAL_SECURITY_NIR = "1.2.250.1.213.1.4.13"  # the same digits, but the insurer's: a child's can be a parent's
US_SOCIAL_SECURITY = "2.16.840.1.113883.4.1"

LOINC = "2.16.840.1.113883.6.1"
LABORATORY_DOCUMENTS = ("11502-2", "96173-0")  # laboratory report, rapid test: every section holds results
RESULTS_SECTION = "30954-2"
COPY_SECTION = "55108-5"  # a PDF of the whole document inside a structured one


def path(*names: str) -> str:
    """A path of HL7 elements for ``find``: ``path("recordTarget", "patientRole")``."""
    return "/".join(HL7 + name for name in names)
