"""Names of the CDA world: namespaces, elements, and the OIDs that decide what an identifier or code is."""

from functools import cache

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
ICD10 = "2.16.840.1.113883.6.3"  # of the WHO, as France uses it; the clinical modifications have OIDs of their own
CCAM = "1.2.250.1.215.300.1"
ATC = "2.16.840.1.113883.6.73"
CIS = "1.2.250.1.213.2.3.1"
CIP = ("1.2.250.1.213.2.3.2", "1.2.250.1.213.2.3.3")  # presentations under either OID
EDQM = "0.4.0.127.0.16.1.1.2.1"
PROFESSIONAL = "1.2.250.1.71.4.2.1"
STRUCTURE = "1.2.250.1.71.4.2.2"

LABORATORY_DOCUMENTS = ("11502-2", "96173-0")  # laboratory report, rapid test: every section holds results
OUT_OF_SCOPE = ("EXPORT_DUI", "REMB")  # medico-social records, what the insurance paid: counted, their facts not read
RESULTS_SECTION = "30954-2"
COPY_SECTION = "55108-5"  # a PDF of the whole document inside a structured one


@cache  # a few dozen paths, wanted of every document
def path(*names: str) -> str:
    """A path of HL7 elements for ``find``: ``path("recordTarget", "patientRole")``."""
    return "/".join(HL7 + name for name in names)
