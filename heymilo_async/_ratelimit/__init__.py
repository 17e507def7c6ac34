"""
Rate limiting: decides when the next request may start.
"""
