"""Logistics: channels, shipments and their papers, filings with customs and insurers, tracking."""
