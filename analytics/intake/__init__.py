"""What stands behind the one door: what it refuses, records as rows, attendance and ad spend taken in."""
