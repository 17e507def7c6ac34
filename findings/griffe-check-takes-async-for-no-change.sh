#!/bin/sh
# Guess: `griffe check` reports a function that became a coroutine as a breaking change, as it does when a
# property becomes a method.
#
# griffe 2.4.1: nothing is reported when `def` becomes `async def`, or the reverse, though each caller
# breaks: what it had is now a coroutine that nobody awaits. A name taken out of `__all__` is not
# reported either, if it is still defined. The check reports the other two changes, and exits with 1.
#
# Seen:
#   client/__init__.py:2: changed_default(a): Parameter default was changed: 1 -> 2
#   client/__init__.py:11: Client.total: Public object points to a different kind of object: attribute -> function
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check griffe==2.4.1

mkdir -p "$folder/repository/client"
cd "$folder/repository"
git init --quiet
git config user.name someone
git config user.email someone@example.com
cat > client/__init__.py <<'PROGRAM'
__all__ = ["Client", "changed_default", "dropped", "to_async", "to_sync"]
def changed_default(a=1): ...
def dropped(): ...
def to_async(): ...
async def to_sync(): ...


class Client:
    def close(self): ...

    @property
    def total(self): ...
PROGRAM
git add client
git commit --quiet --message before
git tag before
cat > client/__init__.py <<'PROGRAM'
__all__ = ["Client", "changed_default", "to_async", "to_sync"]
def changed_default(a=2): ...
def dropped(): ...
async def to_async(): ...
def to_sync(): ...


class Client:
    async def close(self): ...

    def total(self): ...
PROGRAM
git commit --quiet --all --message after

status=0
seen=$("$folder/venv/bin/griffe" check client --against before --format oneline 2>&1) || status=$?
echo "$seen"
test "$status" = 1
test "$seen" = "client/__init__.py:2: changed_default(a): Parameter default was changed: 1 -> 2
client/__init__.py:11: Client.total: Public object points to a different kind of object: attribute -> function"
