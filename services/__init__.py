"""The six services. Each owns its data and speaks to the others over the bus only; none imports another."""
