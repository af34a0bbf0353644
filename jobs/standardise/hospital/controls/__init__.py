"""The controls that the national grouper applies to unit lines, as far as the data at hand can decide them.

``schemas/controls/grouper_controls.csv`` is the catalogue: every control with the rule that decides it or the reason
why none does.
"""

from jobs.standardise.hospital.controls.identity import identity_warnings, return_codes
from jobs.standardise.hospital.controls.judge import judge_units
from jobs.standardise.hospital.controls.reference import References

__all__ = ["References", "identity_warnings", "judge_units", "return_codes"]
