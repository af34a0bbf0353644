"""The producers' simulator: an invented French population with known truth, whose care is written in real formats."""
