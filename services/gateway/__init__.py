"""HTTP in, RPC out: routes, authentication, affordances, documentation. No business rule and no state."""
