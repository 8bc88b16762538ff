"""The risk page: limits and their use, exposures, what a bad day may cost, and the kill switch.

limits  the form of the limits
urls    its addresses
views   the page, and the parts of it that come later
"""
