"""Assemble: the tables of a night's candidate, and what moved between it and the base."""
