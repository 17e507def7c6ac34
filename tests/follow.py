"""
Types the commands of a page into a shell, in order and as printed.

`python tests/follow.py README FOLDER` begins in FOLDER, a clone of this project. A block `console
server` runs while the others do; a command that needs a server is repeated until it succeeds.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from pages import blocks_of

#: Seconds that a server may take to start.
_PATIENCE = 30

_BEGIN = """
set -eu -m
servers=""
trap 'for one in $servers; do kill -- "-$one" 2> /dev/null || true; done' EXIT
"""
_SERVE = """
echo '+ in another terminal:' {quoted}
{{ {text}
}} < /dev/null & servers="$servers $!"
"""
_ASK = f"""
began=$SECONDS
echo '+' {{quoted}}
until {{text}}
do
    [ $((SECONDS - began)) -lt {_PATIENCE} ] || exit 1
    sleep 0.5
done
"""
_TYPE = """
echo '+' {quoted}
{text}
"""


def script_of(page: Path) -> str:
    """
    Return a shell script that follows *page*.
    """
    parts, has_server = [_BEGIN], False
    for block in blocks_of(page):
        if block.language != "console":
            continue
        text = block.text.strip()
        is_server = "server" in block.words
        form = _SERVE if is_server else _ASK if has_server else _TYPE
        quoted = "'" + text.replace("'", "'\\''") + "'"
        parts.append(form.format(text=text, quoted=quoted))
        has_server |= is_server
    return "".join(parts)


if __name__ == "__main__":
    page, folder = map(Path, sys.argv[1:])
    sys.exit(subprocess.run(["bash", "-c", script_of(page)], cwd=folder, check=False).returncode)
