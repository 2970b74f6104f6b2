"""Commands, reactions and queries of catalog: each is one transaction."""
