"""The landing behind one small interface, of two kinds: a folder and an S3 bucket."""

from jobs.landing.api import DELIVERY_NAME, PRODUCER_NAME, FileInfo, Gone, Inventory, Landing, Place, open_landing

__all__ = ["DELIVERY_NAME", "PRODUCER_NAME", "FileInfo", "Gone", "Inventory", "Landing", "Place", "open_landing"]
