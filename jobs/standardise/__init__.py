"""Standardise: packed bytes of one source's night in, typed tables, claims, outcomes and rejected records out."""
