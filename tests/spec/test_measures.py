"""What is measured of a producer: volumes format by format, and what a transmission no longer holds (E-10)."""

from typing import Any

from jobs.check.measures import measures
from jobs.core.settings import Settings

CSV, PMSI, VISITS = "pharmacy-csv", "pmsi-mco", "rpu-oscour"


def entry(read: int = 240, **more: Any) -> dict[str, Any]:
    counts = {"read": read, "read_by_format": {CSV: read}, "quarantined": 0, "declared": None}
    return {"deliveries": ["d1"], "replayed": [], "warnings": {}, "scope": {}, "tables": {}} | counts | more


def one_measured(settings: Settings, item: dict[str, Any], base: Any = None, ledger: Any = ()) -> dict[str, Any]:
    proposal = {"source": "hospital", "producers": {"h": item}, "ledger": list(ledger)}
    return measures(settings.policy["hold"], proposal, base)[0]


def volume_ratios(settings: Settings, item: dict[str, Any], volumes: Any) -> tuple[float | None, float | None]:
    row = one_measured(settings, item, {"producers": {"h": {"volumes": volumes}}})
    return row["lowest_volume_ratio"], row["highest_volume_ratio"]


def test_volume_is_not_judged_on_too_few_nights(settings: Settings) -> None:
    assert volume_ratios(settings, entry(read=5), {CSV: [1000, 1000]}) == (None, None)


def test_each_format_is_compared_with_its_own_nights_and_the_worst_one_judges(settings: Settings) -> None:
    """A hospital sends some hundred visits a night and a year of lines once a month."""
    volumes = {VISITS: [90, 100, 110], PMSI: [9000, 10000, 11000]}

    def ratios(**read: int) -> tuple[float | None, float | None]:
        came = {{"visits": VISITS, "pmsi": PMSI}[name]: count for name, count in read.items()}
        return volume_ratios(settings, entry(read=sum(read.values()), read_by_format=came), volumes)

    assert ratios(visits=100) == (1, 1), "a night of visits alone is no fall"
    assert ratios(visits=100, pmsi=10500) == (1, 1.05), "the month's transmission is no rise"
    assert ratios(visits=380, pmsi=3900) == (0.39, 3.8), "two wrongs do not hide each other"
    assert ratios(visits=100, pmsi=0) == (0, 1), "a transmission without a record"


def test_a_format_that_is_new_is_not_judged_and_hides_no_other(settings: Settings) -> None:
    both = entry(read=5300, read_by_format={VISITS: 300, PMSI: 5000})
    assert volume_ratios(settings, both, {VISITS: [100, 100, 100]}) == (3, 3)


def test_volumes_of_older_states_are_those_of_the_only_format(settings: Settings) -> None:
    assert volume_ratios(settings, entry(read=50), [100, 100, 100]) == (0.5, 0.5)
    both = entry(read=5100, read_by_format={VISITS: 100, PMSI: 5000})
    assert volume_ratios(settings, both, [100, 5000, 100]) == (None, None), "nobody can part them"


def event(what: str, count: int, **more: Any) -> dict[str, Any]:
    return {"producer": "h", "delivery_id": "d0", "event": what, "count": count} | more


def withdrawn_of(settings: Settings, item: dict[str, Any], ledger: list[dict[str, Any]], stays: Any = None) -> Any:
    files = {part: [{"sha256": part, "rows": rows, "bytes": 1}] for part, rows in (stays or {}).items()}
    row = one_measured(settings, item, {"producers": {}, "tables": {"hospital_stay": files}}, ledger)
    return row["withdrawn_share"], row["parts"].get("withdrawn_share")


def test_the_withdrawn_share_is_that_of_the_snapshot_and_of_nothing_else(settings: Settings) -> None:
    snapshot = [event("withdrawn", 30), event("superseded", 20, cause="told anew by a later transmission")]
    others = [
        event("superseded", 900, table="emergency_visit"),
        event("superseded", 900, delivery_id="d1", cause="a later transmission of the same night"),
        event("withdrawn", 900, producer="other"),
        {"producer": "h", "delivery_id": "d1", "outcome": "accepted", "count": 900},
    ]
    assert withdrawn_of(settings, entry(unchanged=150), snapshot + others) == (0.15, (30, 200))
    assert withdrawn_of(settings, entry(unchanged=0), others) == (None, None), "no snapshot was replaced"
    again = entry(unchanged=150, deliveries=[], replayed=["d1"])
    assert withdrawn_of(settings, again, snapshot) == (None, None), "taken in again: a steward has looked at it"


def test_an_empty_stay_file_is_seen_although_the_identities_are_repeated(settings: Settings) -> None:
    """300 lines of stays are gone, 500 of identities and drugs are as they were: the share of lines would pass."""
    stays = {"h__2025-12": 999, "h__2026-09": 100, "h__2026-10": 140, "h__2026-11": 10, "other__2026-10": 999}
    scope = {"hospital_stay": ["2026-09", "2026-10", "2026-11"]}
    none = entry(unchanged=500, scope=scope, rows={"hospital_stay": 0})
    assert withdrawn_of(settings, none, [event("withdrawn", 300)], stays) == (1, (250, 250))
    one_month = entry(unchanged=790, scope={"hospital_stay": ["2026-11"]}, rows={"hospital_stay": 5})
    assert withdrawn_of(settings, one_month, [event("withdrawn", 10)], stays) == (0.02, (5, 250))
    grown = entry(unchanged=796, scope={"hospital_stay": ["2026-11"]}, rows={"hospital_stay": 80})
    assert withdrawn_of(settings, grown, [event("withdrawn", 4)], stays) == (0.005, (4, 800))
