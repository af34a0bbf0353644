"""Which rule refuses what is no readable file: the codes of the XML reader under names of their own."""

NOT_XML, CUT, DOCTYPE, ENCODING, TOO_LARGE, OTHER_XML = "RPU-001", "RPU-002", "RPU-003", "RPU-004", "RPU-005", "RPU-006"
NO_FINESS, UNREAD = "RPU-007", "RPU-009"
OF_DOCUMENT = {
    "DOC-001": NOT_XML,
    "DOC-002": NOT_XML,
    "DOC-003": CUT,
    "DOC-005": DOCTYPE,
    "DOC-006": CUT,
    "DOC-012": ENCODING,
    "DOC-013": TOO_LARGE,
}
# They refuse a file as one record, whatever visits it holds.
WHOLE_FILE_RULES = (NOT_XML, CUT, DOCTYPE, ENCODING, TOO_LARGE, OTHER_XML, NO_FINESS, UNREAD)
