"""How much a file may ask of us, and the error that says so."""

from __future__ import annotations

from mediabuyer.lib.errors import MediaBuyerError

MAX_FILE_BYTES = 512 * 1024**2
MAX_UNPACKED_BYTES = 2 * 1024**3
MAX_SHEET_BYTES = 1024**3
"""Of all parts of a workbook together, unpacked."""
MAX_RATIO = 200
"""Unpacked to packed size of one part of a workbook; real sheets stay below 40."""
MAX_PARTS = 2000
MAX_COLUMNS = 2000
MAX_CELL_CHARACTERS = 131_072
MAX_LISTED_ERRORS = 1000
"""Errors kept with line and value; the rest is counted."""


class UnreadableError(MediaBuyerError):
    """The file as a whole cannot be used. The message is for people and names the remedy."""
