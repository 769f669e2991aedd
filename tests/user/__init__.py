"""Plug-in: programs of ring 3."""
