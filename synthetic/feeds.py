"""Which pharmacy tells its sales how, and whether it bills them through Veillée too."""

from synthetic import pharmacy_json
from synthetic.dialects import dialect_of

CSV, JSON, INVOICES = "pharmacy-csv", "pharmacy-json", "pharmacy-b2"


def tells_json(rank: int) -> bool:
    """Every tenth pharmacy's software tells nested JSON."""
    return rank % 10 == 7


def bills(rank: int) -> bool:
    """Every fourth pharmacy deposits its B2 invoices beside its extract."""
    return rank % 4 == 1


def formats(rank: int) -> str:
    """The formats of a pharmacy as the register has them."""
    told = JSON if tells_json(rank) else CSV
    return f"{told} {INVOICES}" if bills(rank) else told


def dialect_name(rank: int) -> str:
    """The dialect of a pharmacy's extract."""
    return pharmacy_json.NAME if tells_json(rank) else dialect_of(rank).name
