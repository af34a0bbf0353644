"""Codes of French hospital care as Spark columns: read, normalised, judged against the dated tables of jobs.reference.

Nothing here nulls a code that it does not know: a function says what the code is, the caller keeps it as sent.
"""
