"""Decide a night: publish the candidate, or refuse it and say why."""
