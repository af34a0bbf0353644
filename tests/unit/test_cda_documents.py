# ruff: noqa: E501 - a table reads better with one document a line
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
LETTERS = dict(zip(FACTS, "rsvpdcay", strict=True))  # results, signs, vaccinations, prescriptions, dispensations, conditions, allergies, procedures
EXPECTED = {
