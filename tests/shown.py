"""
Names for the parameters of tests.
"""

from __future__ import annotations


def shown(value: object) -> str:
    """
    Return *value* as plain characters, without a backslash.

    (pytest doubles backslashes whenever it collects again in the same process, as with mutmut, and
    then does not find the test.)
    """
    text = ascii(value).replace("\\", "/")[:80]
    return type(value).__name__ if " at 0x" in text else text
