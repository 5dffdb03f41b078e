"""What was paid for which purchase: orders and payments made one sale, its money in and back, and the sums of each date."""
