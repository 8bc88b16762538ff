"""Who did what, from where, how it was before and after: append-only, and any change of it is found.

There are two writers, and each has a chain of its own: the engine writes what was asked of accounts in the
transaction of the entries that follow from it, the web what concerns people, keys and settings. The journal
itself is a third chain.

recording  writes the web's rows
reading    both, by time
checking   whether the chains are whole
anchor     where they ended when they were last found whole
"""
