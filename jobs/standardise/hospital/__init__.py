"""Hospitals: grouped stay files (RSS) and the identity files that go with them (VID-HOSP)."""

REPLAY_WHOLE = True  # a stay is several lines of two files: they are only read again together
