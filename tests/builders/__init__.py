"""What tests build their scenes with."""
