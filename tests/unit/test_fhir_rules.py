"""Each code that a reader of exports gives is declared with a remedy, and none is declared for nothing."""

import json
import re

from jobs.core.settings import REPOSITORY

READERS = REPOSITORY / "jobs" / "standardise" / "shared_record" / "fhir"


def test_codes_given_and_declared_are_the_same() -> None:
    given = {code for path in READERS.glob("*.py") for code in re.findall(r'"(FHR-\d{3})"', path.read_text("utf-8"))}
    declared = json.loads((REPOSITORY / "config" / "rules" / "fhir.json").read_text("utf-8"))
    assert {one["code"] for one in declared} == given
    assert all(one["title"][tongue] and one["remedy"][tongue] for one in declared for tongue in ("fr", "en"))
