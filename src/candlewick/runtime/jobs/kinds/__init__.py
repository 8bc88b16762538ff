"""The kinds of studies: each module has `run(spec, work) -> Outcome`, named in `registry`."""
