"""
Values and decisions without I/O: calls, responses, errors, retries.

    settings     a client's settings, and pickling them
    arguments    checks of arguments and request bodies
    secrets      values that no output shows, and credentials that change
    messages     Operation, Call, Request, Response
    transport    the protocol of the transports, and the clock for waits and deadlines
    model        the base class of models, and the functions that read them
    codec        converts bytes to models, and models to JSON
    status       converts an error response to an exception
    retry        decides whether and when to retry; reads waits and quotas from headers
    emitter      passes events to listeners and to the log
    blocking     runs a coroutine that never suspends
"""
