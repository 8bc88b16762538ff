"""People: signing in and out, passwords, login links, the first owner.

adapter      what allauth asks us
first_owner  the person who exists before anybody has signed in
hashing      Argon2, a few at a time
identity     who a request or a live connection belongs to
signals      what signing out ends
tokens       access and refresh tokens, and tickets for live connections
views, urls  the pages
"""
