"""`/trades/`: the journal. Round trips, what they were like, and what their people say about them.

question     what is looked for
notes        text, tags and ratings, and the words by which they are found
writing      who may write that, and that it was written
images       pictures, kept as files
trades       round trips with their notes, as programs and pages see them
excursions   how far a trade was behind and ahead, from the bars of its time
rows         round trips as texts
export       the same as CSV and Parquet, streamed
views, urls  the pages
"""
