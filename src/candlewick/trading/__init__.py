"""The heart: what happens is decided here, by a pure function of state and event.

commands  what people ask it to do
effects   what the heart wants done
engine    `process(event) -> effects`
entries   what the journal holds
risk      the one door
settings  what belongs to an account beside its money
watch     what is known of one instrument
"""
