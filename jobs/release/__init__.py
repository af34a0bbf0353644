"""Publish a judged candidate: content-addressed files, linked views any tool reads, one atomic switch."""
