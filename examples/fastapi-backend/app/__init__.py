"""
A small backend over the HeyMilo API.

How to read it: `main` opens the client and puts the application together, `numbers` has the routes,
`errors` turns HeyMilo's errors into responses of our own.
"""
