"""What accounts own, in double entry: Decimal only, append-only, and every transaction sums to zero.

exact      exact sums, and the one division that rounds
contract   what a quantity is worth at a price: spot, linear, inverse
fault      what is wrong in the data, as a value
lots       which of what was bought a sale takes first: FIFO, LIFO, HIFO, average
position   the net quantity of one instrument, and what it has brought
posting    postings and the transactions they make
fill_order what a contract costs in its venue's order of fills
trips      round trips: from flat to flat
totals     what postings sum to, and what of a coin stands in lots
booked     what a book answers, and what a snapshot holds of it
book       one account's ledger: fills, funding and transfers folded into balances and positions
convert    what one currency is worth in another
margin     tiers, initial and maintenance margin, liquidation price
valuation  what a book is worth at given marks
invariants what must always hold of a book
csv_fills  fills from CSV
"""
