"""Backup and restore of what cannot be made again: keys, person index, crosswalk, ledger, standard tables."""
