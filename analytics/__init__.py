"""The centre: rules, numbers, and the line from a record to View 3."""
