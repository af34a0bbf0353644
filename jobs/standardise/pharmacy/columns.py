"""Columns of the canonical pharmacy extract; a dialect says what a producer calls them."""

from jobs.standardise.delimited_header import Shape

COLUMNS = (
    "ticket_id",
    "line_id",
    "event_type",
    "event_ts_local",
    "patient_nir",
    "patient_nir_key",
    "birth_date",
    "birth_rank",
    "sex",
    "family_name",
    "given_name",
    "prescriber_id",
    "prescriber_kind",
    "prescription_date",
    "code_raw",
    "label",
    "quantity_signed",
    "unit",
    "amount_total",
    "amount_base",
    "amount_insurance",
    "rate",
    "service_code",
    "invoice_no",
    "lot_no",
)
MANDATORY = ("ticket_id", "line_id", "event_type", "event_ts_local", "code_raw", "quantity_signed")
KEY = ("ticket_id", "line_id")
AMOUNTS = ("amount_total", "amount_base", "amount_insurance")
SHAPE = Shape(COLUMNS, MANDATORY, KEY, quantity="quantity_signed")
