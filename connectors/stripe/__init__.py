"""Stripe: what it sends, what it is asked, and what either means."""
