#!/bin/sh
# Guess: mypy reads `__all__ += submodule.__all__`, one of the forms that the typing specification lists,
# so `from package import *` has the names of the submodule.
#
# mypy 2.4.1: it accepts only a list or tuple of strings. Names from `submodule.__all__` are not defined
# after a star import, and mypy does not report the line that it could not read; an import of these names
# one by one works.
#
# Seen:
#   by a star: error: Name "Below" is not defined
#   by a star, names one by one: Success
#   by name: Success
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check mypy==2.4.1

cd "$folder"
for name in package listed; do
    mkdir "$name"
    touch "$name/py.typed"
    printf '__all__ = ["Below"]\n\n\nclass Below: ...\n' > "$name/below.py"
done
printf 'from . import below\nfrom .below import *\n\n__all__ = ["below"]\n__all__ += below.__all__\n' > package/__init__.py
printf 'from . import below\nfrom .below import *\n\n__all__ = ["below"]\n__all__ += ["Below"]\n' > listed/__init__.py
printf 'from package import *\n\nBelow()\n' > star.py
printf 'from listed import *\n\nBelow()\n' > one_by_one.py
printf 'from package import Below\n\nBelow()\n' > name.py

look() {
    said=$("$folder/venv/bin/mypy" --strict "$2" || true)
    case "$said" in
        *"Name \"Below\" is not defined"*) echo "$1: error: Name \"Below\" is not defined" ;;
        Success*) echo "$1: Success" ;;
        *) echo "$1: $said" ;;
    esac
}

seen=$(look "by a star" star.py; look "by a star, names one by one" one_by_one.py; look "by name" name.py)
echo "$seen"
test "$seen" = "by a star: error: Name \"Below\" is not defined
by a star, names one by one: Success
by name: Success"
