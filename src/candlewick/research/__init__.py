"""Studies of strategies: what stands between an idea and money. Strategies and arrays in, results out."""
