"""Rights of persons: opposition (no reuse for research) and erasure, in every zone."""
