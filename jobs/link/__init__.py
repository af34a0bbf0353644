"""Linkage: which subjects of which producers are one person. Deterministic rules, an index that only grows."""
