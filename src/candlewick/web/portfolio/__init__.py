"""The portfolio: what an account holds, what it has asked for, and both as files.

urls        its addresses
views       the page, and its parts, which are drawn anew when something happened
orders      working orders as texts
allocation  what the account is made of, and how large its perpetuals are beside it
export      `/portfolio/export/….csv`: exact, in pieces, however much it is
"""
