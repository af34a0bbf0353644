"""Rotation of the centre's key: every kept release and candidate under the next version, and a proof."""
