"""The 21 documents that nobody here wrote: what is read of each, one at a time. Licences stand beside the files.

What a night makes of them together (two identifiers are shared by several patients) is in
``tests/spec/test_shared_record_night.py``; rows of some of them in ``tests/spec/test_cda_samples.py``.
"""

from pathlib import Path
from typing import Any

import pytest

from jobs.standardise.documents import Limits
from jobs.standardise.shared_record.facts import FACTS
from jobs.standardise.shared_record.parse import read_file

SAMPLES = Path(__file__).parents[1] / "data" / "shared_record"
LIMITS = Limits(max_document_bytes=20_000_000, max_members=50, max_package_bytes=30_000_000, max_ratio=100)
LETTERS = dict(
    zip(FACTS, "rsvpdcay", strict=True)
)  # results, signs, vaccinations, prescriptions, dispensations, conditions, allergies, procedures
EXPECTED = {
    "fr_tddui_v1.0.1": "EXPORT_DUI level 3; DOC-213",
    "hl7_ccd_2": "34133-9 level 3: 1r 9s 1a 3y",
    "hl7_close_referral": "11488-4 level 3",
    "hl7_consultation_note": "11488-4 level 3: 6r 8s 2p 4c 2a",
    "hl7_diagnostic_imaging_report": "18748-4 level 3",
    "hl7_direct_address": "34133-9 level 3",
    "hl7_discharge_summary": "18842-5 level 3: 4s 2v 2c 3a 1y",
    "hl7_parent_document_replace": "34133-9 level 3: 1v 1p 1c 1a",
    "hl7_unstructured_embedded_pdf": "11490-0 level 1 body 173792",
    "hl7_unstructured_reference_pdf": "11490-0 level 1",
    "hl7_unstructured_text_plain": "34847-4 level 1 body 686",
    "jm_allscripts_scm_101646": "34133-9 level 3: 1r 5s 1v 1p 1c 1a 1y",
    "jm_emerge_patient_264": "34133-9 level 3: 4r 12s 1v 4p 3c 3a 2y",
    "jm_emerge_patient_453": "34133-9 level 3: 1r 9s 1v 2p 2c 3a",
    "jm_greenway_26620": "34133-9 level 3: 3r 5s 1v 1p 2c 2a 1y",
    "jm_kareo_ccd": "34133-9 level 3: 1r 8s 1v 1p 2c 1a",
    "jm_mtuitive_colonoscopy": "11504-8 level 3",
    "jm_nist_inpatient": "34133-9 level 3: 3r 6s 2v 1p 2c 3a 1y",
    "jm_practicefusion_everyman": "34133-9 level 3: 1r 1v 1p 2c 2a",
    "ms_sample": "11490-0 level 1",
    "ms_timezone_input": "DOC-008",
}


def summary(found: dict[str, Any]) -> str:
    """Type, level, decoded bytes of a body, number of facts by kind, what is told; or the rule that refused it."""
    if found.get("rule"):
        return str(found["rule"])
    body = f" body {found['body_bytes']}" if found["body_bytes"] else ""
    counts = " ".join(f"{len(found[name])}{letter}" for name, letter in LETTERS.items() if found[name])
    told = f"; {','.join(found['warnings'])}" if found["warnings"] else ""
    return f"{found['type_code']} level {found['level']}{body}{': ' if counts else ''}{counts}{told}"


@pytest.mark.parametrize("name", EXPECTED)
def test_a_document_is_read_as_it_was_when_it_was_checked(name: str) -> None:
    (found,) = read_file((SAMPLES / f"{name}.xml").read_bytes(), LIMITS)
    assert summary(found) == EXPECTED[name]


def test_all_of_them_are_here() -> None:
    assert set(EXPECTED) == {path.stem for path in SAMPLES.glob("*.xml")}
    assert len(EXPECTED) == 21
