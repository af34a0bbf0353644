"""Small counts of persons are hidden, and so is what would give them away by subtraction."""

from collections.abc import Mapping


def mask_parts(parts: Mapping[str, int], below: int) -> dict[str, int | None]:
    """Parts of a shown total with those from 1 to ``below`` − 1 hidden (None).

    One hidden part alone could be computed from the total and the others, so the smallest shown part is then hidden
    too; zero hides nothing and stays.
    """
    masked: dict[str, int | None] = {name: None if 0 < count < below else count for name, count in parts.items()}
    hidden = [name for name, count in masked.items() if count is None]
    shown = sorted((count, name) for name, count in masked.items() if count)
    if len(hidden) == 1 and shown:
        masked[shown[0][1]] = None
    return masked


def coarse(count: int, below: int) -> int | None:
    """A total of persons rounded down to tens, so that two nights' totals do not reveal a hidden difference."""
    return None if 0 < count < below else count - count % 10
