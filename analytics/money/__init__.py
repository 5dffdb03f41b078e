"""What was paid for which purchase: messages made one sale, its money in and back, and the sums of each date."""
