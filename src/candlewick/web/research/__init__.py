"""`/research/`: studies of strategies: asked for, followed while they run, read and compared.

kinds        the kinds of studies: what each asks for beside a strategy, and what it is headed by
markets      which bars there are to study
asking       from what was asked for to a study
drawing      columns of many numbers as a chart can draw them
results      what a study found, read from its folder
shown        what a kind of study found, ready for its page
comparing    several side by side
form         the form of a new study
rows         studies as rows of a list
views, urls  the pages
"""
