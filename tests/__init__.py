"""The tests, by what they need: nothing (unit, contracts, architecture), one real server (integration), the whole system (journeys)."""
