"""What every service shares: the kit (plain Python), the contracts (what crosses the bus) and the platform (the plumbing)."""
