"""Studies of strategies: what stands between an idea and money. Strategies and arrays in, results out.

loading  strategies by name: the bundled ones, a person's own, those of any file
"""
