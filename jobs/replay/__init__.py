"""Replay: take quarantined records, or a held delivery, in again after a rule or a source was corrected."""
