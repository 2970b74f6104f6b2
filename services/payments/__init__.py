"""Payments: the double-entry ledger, orders' accounts, parties' balances."""
