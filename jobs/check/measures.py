"""One row per producer of a night: counts and shares, no person in it."""

from statistics import median
from typing import Any

NO_IDENTITY = ("IDE-002", "IDE-003")  # no number, or no identity record at all for the care record
DECLARED_DIFFERS, FILE_WITHOUT_RECORD = "DEL-020", "DEL-021"
RETURN_SHARES = {  # stays whose identity line has a return code other than 0, against the published shares
    "holder_number_error_share": "IDE-011",
    "birth_date_error_share": "IDE-012",
    "sex_error_share": "IDE-013",
    "identity_error_share": "IDE-010",
}
COLUMNS = (
    "producer",
    "quarantined_share",
    "files_not_as_declared",
    "files_without_record",
    "volume_ratio",
    "without_identity_share",
    *RETURN_SHARES,
)


def measures(hold: dict[str, Any], proposal: dict[str, Any], base: dict[str, Any] | None) -> list[dict[str, Any]]:
    """The measures of every producer in a proposal; what cannot be measured is None. ``hold`` is that of the policy."""
    known = (base or {}).get("producers", {})
    return [
        measure(hold, name, item, known.get(name, {}).get("volumes", []))
        for name, item in sorted(proposal["producers"].items())
    ]


def measure(hold: dict[str, Any], name: str, item: dict[str, Any], volumes: list[int]) -> dict[str, Any]:
    """One producer. Without a fresh delivery nothing is measured: what is taken in again, a steward has looked at."""
    if not item["deliveries"]:
        return dict.fromkeys(COLUMNS) | {"producer": name}
    read, told = item["read"], item.get("warnings", {})
    stays = item.get("rows", {}).get("hospital_stay", 0)
    unidentified = max(told.get(code, 0) for code in NO_IDENTITY)
    return {
        "producer": name,
        "quarantined_share": item["quarantined"] / read if read else None,
        "files_not_as_declared": told.get(DECLARED_DIFFERS, 0),
        "files_without_record": told.get(FILE_WITHOUT_RECORD, 0),
        "volume_ratio": volume_ratio(hold, read, volumes),
        "without_identity_share": unidentified / read if read else None,
        **{name: told.get(code, 0) / stays if stays else None for name, code in RETURN_SHARES.items()},
    }


def volume_ratio(hold: dict[str, Any], read: int, volumes: list[int]) -> float | None:
    """Tonight's records over the median of the producer's own nights; None while there are too few of them."""
    trailing = volumes[-hold["trailing_nights"] :]
    usual = median(trailing) if len(trailing) >= hold["min_trailing_nights"] else 0
    return read / usual if usual else None
