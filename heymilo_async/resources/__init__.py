"""
The API's resources, one module each: a model, its operations, and their blocking face.
"""
