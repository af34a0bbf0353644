"""Retention: what is past its time goes, what anything kept still names stays."""
