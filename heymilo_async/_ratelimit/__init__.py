"""
Rate limiting: decides when the next request may start.

    limiter    RateLimiter: acquire a permit, observe a response; the window it computes with
    redis      a limit that processes share; loaded with the first one
"""
