"""Seeded worlds: what people bought, and what vendors send about it."""
