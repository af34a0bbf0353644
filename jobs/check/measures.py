"""One row per producer of a night: counts and shares, no person in it."""

from typing import Any

from jobs.check.withdrawn import Part, withdrawn
from jobs.core.volumes import Volumes, usual, volumes_of

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
    "lowest_volume_ratio",
    "highest_volume_ratio",
    "without_identity_share",
    "withdrawn_share",
    *RETURN_SHARES,
)


def measures(hold: dict[str, Any], proposal: dict[str, Any], base: dict[str, Any] | None) -> list[dict[str, Any]]:
    """The measures of every producer in a proposal; what cannot be measured is None. ``hold`` is that of the policy.

    ``parts`` has, by column, the count and the total that a failure shows; ``basis`` the records that a share rests on.
    """
    known = (base or {}).get("producers", {})
    found = []
    for name, item in sorted(proposal["producers"].items()):
        volumes = volumes_of(known.get(name, {}), item.get("read_by_format", {}))
        gone = withdrawn(name, item, proposal.get("ledger", []), base) if item["deliveries"] else None
        found.append(measure(hold, name, item, volumes, gone))
    return found


def measure(
    hold: dict[str, Any], name: str, item: dict[str, Any], volumes: Volumes, gone: Part | None = None
) -> dict[str, Any]:
    """One producer. Without a fresh delivery nothing is measured: what is taken in again, a steward has looked at."""
    if not item["deliveries"]:
        return dict.fromkeys(COLUMNS) | {"producer": name, "parts": {}, "basis": {}}
    read, told = item["read"], item.get("warnings", {})
    stays = item.get("rows", {}).get("hospital_stay", 0)
    unidentified = max(told.get(code, 0) for code in NO_IDENTITY)
    lowest, highest = volume_parts(hold, item.get("read_by_format", {}), volumes)
    shown = {
        "quarantined_share": (item["quarantined"], read),
        "lowest_volume_ratio": lowest,
        "highest_volume_ratio": highest,
        "withdrawn_share": (gone.count, gone.total) if gone else None,
    }
    return {
        "producer": name,
        "files_not_as_declared": told.get(DECLARED_DIFFERS, 0),
        "files_without_record": told.get(FILE_WITHOUT_RECORD, 0),
        "without_identity_share": unidentified / read if read else None,
        **{name: told.get(code, 0) / stays if stays else None for name, code in RETURN_SHARES.items()},
        **{name: ratio(part) for name, part in shown.items()},
        "parts": {name: (part[0], round(part[1])) for name, part in shown.items() if part},
        "basis": {"withdrawn_share": gone.lines if gone else 0},
    }


def volume_parts(
    hold: dict[str, Any], read: dict[str, int], volumes: Volumes
) -> tuple[tuple[int, float] | None, tuple[int, float] | None]:
    """Records and trailing median of the format that fell the most, and of the one that grew the most.

    Each format against its own nights; None while no format of tonight has enough of them.
    """
    medians = {name: usual(hold, volumes.get(name, [])) for name in sorted(read)}
    known = [(read[name], middle) for name, middle in medians.items() if middle]
    if not known:
        return None, None
    return min(known, key=lambda part: part[0] / part[1]), max(known, key=lambda part: part[0] / part[1])


def ratio(part: tuple[int, float] | None) -> float | None:
    """Count over total; None without a total."""
    return part[0] / part[1] if part and part[1] else None
