"""Deliberate breaks: rows_*.py; breaks.py runs them, test_rows.py checks them."""
