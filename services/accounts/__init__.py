"""Accounts: who there is, signing in, and the tokens that prove it."""
