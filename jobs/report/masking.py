"""Counts of persons as they are shown; what they give away by subtraction is for ``jobs.report.complement``."""


def coarse(count: int, below: int) -> int | None:
    """A total of persons rounded down to tens, so that two nights' totals do not reveal a hidden difference."""
    return None if 0 < count < below else count - count % 10
