"""The terms of a night that decide what is refused and what is odd."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

from jobs.core.settings import Settings
from jobs.reference.lists import merged

LARGE_QUANTITY = 100


@dataclass(frozen=True)
class Terms:
    """What a row is judged by beside its dialect.

    ``night``: ISO day. ``routine_months``, ``reopen_months``: how many months before the night's a care month may lie
    without a word, and at all. ``services``: the known service codes.
    """

    night: str
    routine_months: int
    reopen_months: int
    services: frozenset[str]

    @classmethod
    def of(cls, settings: Settings, night: str) -> "Terms":
        """As the policy and the loaded code lists say."""
        policy = settings.policy["pharmacy"]
        services = frozenset(merged(settings, "service_code")) | services_of_claims(settings)
        return cls(night, policy["routine_months"], policy["reopen_months"], services)

    @cached_property
    def last_day(self) -> date:
        """The night as a day: what is dispensed later is odd."""
        return date.fromisoformat(self.night)

    @property
    def month(self) -> int:
        """The night's month, counted from year zero."""
        return int(self.night[:4]) * 12 + int(self.night[5:7])


def b2_codes(nature: dict[str, str | None]) -> list[str]:
    """The codes of the B2 norm that a nature of service has, the usual one first."""
    return [code for code in (nature.get("b2_codes") or "").split("/") if code]


def services_of_claims(settings: Settings | None) -> frozenset[str]:
    """The service codes of all professions, as the natures of service of the claims have them."""
    return frozenset(code for nature in merged(settings, "service_nature").values() for code in b2_codes(nature))
