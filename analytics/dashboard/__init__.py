"""The page an executive opens: cards, attendance chart and attribution table, rendered from one frozen View3."""
