"""Who holds the keys: one interface, two holders of which a site chooses (files, or a key service behind PKCS#11)."""

from jobs.core.custody.api import BYTES, NAMES, Custody, Key, fault
from jobs.core.custody.choice import holder, holders, newest

__all__ = ["BYTES", "NAMES", "Custody", "Key", "fault", "holder", "holders", "newest"]
