"""The heart: what happens is decided here, by a pure function of state and event.

effects  what the heart wants done
engine   `process(event) -> effects`
watch    what is known of one instrument
"""
