"""Money, clock, ids, errors and reference tables: standard library only, no rule of any one service."""
