"""The two lanes to the browser.

lanes   the account lane: numbered, gapless, kept
market  the market lane: conflated, the newest value wins
bodies  the JSON of each market channel, from the heart's state
"""
