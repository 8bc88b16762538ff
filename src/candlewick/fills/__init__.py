"""Where a simulated order becomes a fill, and the only place where one does.

bar       one bar: its open, and its range
compiled  how functions become machine code, and where that is kept
core      the decisions: triggers, trails, crossing, fees, funding, margin
depth     taking from a book what is there, once
queue     the place of a resting order
scan      bars that nobody need see, passed over
state     the arrays that all of them share
step      one price, one trade or one book
stepper   the orders of one account in one instrument, driven from Python
warm      compiling or loading all of it before it is needed

Nothing is imported here: the compiler (numba) takes half a second and 50 MB, so it comes with the
first order and not with the engine's start.
"""
