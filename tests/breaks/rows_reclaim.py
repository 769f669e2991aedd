"""Deliberate breaks: lists of pages, reclaim, swap, out of memory."""

from .row import Break

ROWS: list[Break] = [
]
