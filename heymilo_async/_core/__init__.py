"""
Values and decisions: what a call is, what its response means, when to try again. Nothing here waits.

    settings, pickling   what a client is configured with, and which of it a pickle keeps
    arguments            checks of what a caller passed
    clock                the clock of waits and deadlines
    secrets              texts that no output shows
    messages             Operation, Call, Request, Response
    transport            what an engine asks of the network: a protocol
    codec                bytes to model, model to JSON
    reader               the function that reads a model, written when it is first read
    status               a status and a body to the right error
    retry                whether and when to try again
    emitter              events, and the log that is made of them
    blocking             driving a coroutine that never suspends
"""
