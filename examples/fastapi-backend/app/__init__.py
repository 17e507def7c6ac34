"""
A small backend over the HeyMilo API.

How to read it: `main` opens the client and puts the application together, `numbers` holds the
routes, `errors` turns what HeyMilo may do into answers of our own.
"""
