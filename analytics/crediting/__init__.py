"""Which opt-in each sale is credited to, in the database: by the rules, by hand, and shared among several."""
