"""
The installed distribution: its version, and how to install an extra.
"""

__version__ = "0.1.0"


def missing(what: str, package: str, extra: str) -> str:
    """
    Return the error text for using *what* without *package*, which *extra* installs.

    It names no package index: this package is on none, and anybody could register its name there.
    """
    return (
        f"{what} needs {package}; heymilo-async is on no package index, "
        f"so in a clone of it: pip install '.[{extra}]'"
    )
