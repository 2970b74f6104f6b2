"""Enquiries, offers and orders: owns the state machine of the trade. Start reading at `domain/steps.py`."""
