"""ClickFunnels Classic: what it sends, and what that means."""
