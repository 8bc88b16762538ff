"""The simulated exchange: a market drawn from a seed, behind Binance's protocol.

arrange      the trades inside a generated minute
bars         candles of minutes that printed
book         a limit order book with price-time priority
catalogue    the instruments and their characters
character    the venues and how they differ
desk         accounts, and users' orders in the live books
derivatives  mark, funding, open interest, liquidations
fair         the fair price of a listing
folds        candles from trades, longer candles from shorter ones
history      the generated market at any time
hours        files of records, raw and sealed
klines       candles of any interval from a tape
listed       one listing and the questions one can ask of it
live         agents who trade out of a book
minutes      generated minutes as runs whose sums are their candles
model        the nouns in here, in ticks and lots
noise        draws addressed by key and index
path         fair prices, drawn top-down
prints       files that keep what printed
recovery     what earlier processes left
server       REST and WebSocket as the venue speaks them
references   candles of index and mark price
sessions     prints of one run of the live market
tape         what printed, laid over what was generated
window       the last 24 hours
world        a venue's whole market: the door for the server
"""
