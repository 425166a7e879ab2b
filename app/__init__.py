"""The recommendation progress tracker: one memory across inspections."""

from importlib.metadata import version

__version__ = version("recommendation-tracker")
