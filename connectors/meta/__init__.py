"""Meta Ads: what it is asked, and what the answers mean."""
