"""Judge what a source proposes for a night, and say which producers cannot be taken in."""
