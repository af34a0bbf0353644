"""Training of the score of linkage: by hand and reviewed, never in a nightly run."""
