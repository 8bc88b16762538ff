"""The page of several charts at once.

page      what it is told when it is made
urls      its address
views     the page
"""
