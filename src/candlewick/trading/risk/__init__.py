"""The one door: every order is judged here before it is journalled.

limits   what a person allows
verdict  `Approved` or `Refused`
"""
