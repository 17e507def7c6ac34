"""
How Sphinx builds this site: `nox -s docs`.
"""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_extensions"))

from heymilo_async import __version__  # noqa: E402 - Sphinx reads this file as a program

project = "heymilo-async"
author = "the heymilo-async contributors"
project_copyright = author
release = version = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    # After autodoc and before napoleon, which turns the sections that are left into fields.
    "docstrings",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "operations",
    "command",
]

nitpicky = True
# Bounds of a request's members, in signatures: what they say is in the text, too.
nitpick_ignore = [("py:class", name) for name in ("Length", "Range", "MetadataLimits")]
# Callables that return a key: what they do is in the text as well.
nitpick_ignore += [("py:class", name) for name in ("AsyncKeySource", "KeySource")]
# The standard library's, of which there is nothing here to link to.
nitpick_ignore += [("py:class", name) for name in ("os.PathLike", "pathlib.Path")]
# Only the dash before what a parameter is.
smartquotes_action = "D"
exclude_patterns = ["_extensions", "_static"]

myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
python_maximum_signature_line_length = 60
python_use_unqualified_type_names = True
toc_object_entries_show_parents = "hide"
napoleon_numpy_docstring = False
napoleon_use_ivar = False
napoleon_attr_annotations = True
trim_doctest_flags = True

html_theme = "furo"
html_title = f"heymilo-async {version}"
html_theme_options = {"light_css_variables": {"color-code-background": "#f4f5f7"}}
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
# From a folder a browser lets a page read no other.
html_show_search_summary = False
# Of an example what is typed, without prompts; and no button for what is printed.
copybutton_prompt_text = r">>> |\.\.\. "
copybutton_prompt_is_regexp = True
copybutton_selector = "div:not(.highlight-text) > div.highlight > pre"
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"
