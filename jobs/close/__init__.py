"""Close a source's night: whatever happened, its state is written, and it says what happened."""
