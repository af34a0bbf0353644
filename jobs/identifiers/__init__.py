"""National identifiers as Spark column functions, each with a thin Python equal. No value ever reaches a message."""
