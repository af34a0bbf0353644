"""Extracts for research projects: a few columns, generalised, under pseudonyms of the project's own."""
