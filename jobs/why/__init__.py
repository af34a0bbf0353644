"""Why a subject is the person that it is: one answer in words, read in the identity zone and leaving nothing behind."""
