"""The leak tests search the root that the slow tests share."""

from tests.integration.conftest import nights

__all__ = ["nights"]
