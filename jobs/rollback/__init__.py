"""Take a release back: make an earlier kept release current again."""
