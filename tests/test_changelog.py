"""
The changelog's fragments: towncrier accepts their names, and they are sentences.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["towncrier"]
FRAGMENTS = [
    file for file in (ROOT / SETTINGS["directory"]).iterdir() if file.name not in SETTINGS["ignore"]
]
KINDS = [kind["directory"] for kind in SETTINGS["type"]]


def test_fragments_have_names_that_count():
    """
    A number, or a plus sign and a word, then a kind; towncrier would refuse any other name.
    """
    name = re.compile(rf"(\d+|\+[a-z0-9-]+)\.({'|'.join(KINDS)})(\.\d+)?\.md")

    assert [] == [file.name for file in FRAGMENTS if not name.fullmatch(file.name)]


def test_fragments_are_sentences():
    """
    Each ends like a sentence and is for users, so it has no private name.
    """
    texts = {file.name: file.read_text(encoding="utf-8") for file in FRAGMENTS}

    assert [] == [name for name, text in texts.items() if not text.endswith((".\n", ").\n"))]
    assert [] == [name for name, text in texts.items() if re.search(r"`_\w|\._\w", text)]


def test_the_kinds_are_described():
    """
    `changelog.d/README.md` names each kind, and CHANGELOG.md has the line where releases begin.
    """
    described = (ROOT / "changelog.d" / "README.md").read_text(encoding="utf-8")

    assert [] == [kind for kind in KINDS if f"`{kind}`" not in described]
    assert SETTINGS["start_string"] in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
