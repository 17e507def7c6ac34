"""
Values and decisions without I/O: calls, responses, errors, retries.

    settings, pickling   a client's settings, and pickling them
    arguments            checks of a caller's arguments
    clock                the clock for waits and deadlines
    secrets              values that no output shows
    messages             Operation, Call, Request, Response
    transport            the protocol of the transports
    codec                converts bytes to models, and models to JSON
    reader               generates the function that reads a model
    status               converts an error response to an exception
    retry                decides whether and when to retry
    emitter              passes events to listeners and to the log
    blocking             runs a coroutine that never suspends
"""
