"""What is measured, against whom; ``python -m bench`` runs everything and the results are kept beside it."""
