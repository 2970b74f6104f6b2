"""Each pitfall of the stock parts as a pair of tests: one shows the fault on the stock part, one its absence here. README.md maps them."""
