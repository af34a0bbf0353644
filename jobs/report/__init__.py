"""What a steward reads in the morning: one page, its facts for machines, and a receipt per producer."""
