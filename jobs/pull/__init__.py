"""Pull: deliveries from the landing into the raw zone, every byte kept."""

from jobs.pull.packs import packs_of, pull_path, read_file, read_packs, read_pull

__all__ = ["packs_of", "pull_path", "read_file", "read_packs", "read_pull"]
