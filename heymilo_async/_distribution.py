"""
What is installed: the version, defined only here, and how to add what an extra brings.
"""

__version__ = "0.1.0"


def missing(what: str, package: str, extra: str) -> str:
    """
    Return what to tell who uses *what* without *package*, which comes with *extra*.

    It names no index: this package is on none, and anybody could register its name there.
    """
    return (
        f"{what} needs {package}; heymilo-async is on no package index, "
        f"so in a clone of it: pip install '.[{extra}]'"
    )
