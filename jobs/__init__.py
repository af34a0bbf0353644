"""The stages of a night. Each is a command line over pure transforms: ``python -m jobs.<stage> --night …``."""
