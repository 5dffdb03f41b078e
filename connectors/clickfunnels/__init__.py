"""ClickFunnels 2.0: what it sends, what it is asked, and what either means."""
