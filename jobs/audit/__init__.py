"""The audit: who used which key and made, linked, released or removed what, in lines that nobody can change unseen."""
