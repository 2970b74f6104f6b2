"""Catalog: the product library and its stock."""
