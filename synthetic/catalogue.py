"""All cases of the catalogue of mess that a producer can send, by group."""

from synthetic import mess_bodies, mess_bytes, mess_fhir, mess_identity, mess_packages, mess_values, mess_versions
from synthetic.mess_documents import Case

GROUPS = (mess_bytes, mess_identity, mess_values, mess_versions, mess_packages, mess_bodies)
CASES: tuple[Case, ...] = tuple(case for group in GROUPS for case in group.CASES)


def identifiers() -> set[str]:
    """The identifiers that ``--mess-only`` knows, without variants."""
    return {case.ident for case in CASES} | {case.code.partition("/")[0] for case in mess_fhir.CASES}
