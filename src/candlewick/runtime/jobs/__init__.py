"""Studies as jobs: asked for on a page, run in a process of their own, resumed where they were cut off.

desk           what people do with their studies: ask, cancel, resume, note, delete
bodies         a study as people and programs see it
registry       which function stands behind a kind
kinds          the functions
folders        where their files lie
queue          the rows, as workers see them: claim, renew, settle
worker         takes jobs one after the other, and looks after the process of each
studies        the process of one study, as its worker holds it
study_process  the same from within
messages       what that process and its worker say to each other
work           what a study is given: its folder, pieces, executor
pieces         what is done already, safe from a crash
sources        a study's strategy as a module
executors      processes, threads or a cluster behind one interface
paper          what a strategy at work made on paper, as readiness is given it
"""
