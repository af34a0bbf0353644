"""How far a published row singles somebody out: k, l and uniques per set of quasi-identifiers, from the files alone."""
