"""Pseudonymisation: standard rows under a person's pseudonym, tokens re-keyed, quasi-identifiers generalised."""
