#!/bin/sh
# Makes .venv from the hashed list given, unless it is there already. Python alone is enough; uv is used where it is
# at hand, because it is several times faster. Usage: PYTHON=python3 sh requirements/install.sh requirements/dev.txt
set -eu
list=$1
venv=.venv
stamp=$venv/.installed

fits() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null
}

mark="$(cksum <"$list") $PWD"
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$mark" ] && fits "$venv/bin/python"; then
    exit 0
fi

if ! fits "$venv/bin/python"; then
    python=
    for candidate in "${PYTHON:-python3}" python3.13 python3.12 python3.11; do
        if fits "$candidate"; then python=$candidate && break; fi
    done
    if [ -z "$python" ]; then
        echo "Media Buyer needs Python 3.11, 3.12 or 3.13; ${PYTHON:-python3} is $("${PYTHON:-python3}" -V 2>&1 || true)." >&2
        echo "Install one and name it: make PYTHON=/path/to/python3.12 run" >&2
        exit 1
    fi
    echo "Making $venv with $("$python" -V) …"
    rm -rf "$venv"
    if ! "$python" -m venv "$venv"; then
        rm -rf "$venv"
        echo "This Python cannot make environments. On Debian and Ubuntu: apt-get install python3-venv" >&2
        exit 1
    fi
fi

rm -f "$stamp"
echo "Installing the pinned packages (once; a few minutes at most) …"
if uv --version >/dev/null 2>&1 && uv pip install --quiet --python "$venv/bin/python" --require-hashes -r "$list"; then
    :
else
    # Everything is pinned, so nothing is left to resolve; bytecode is made when a module is first used.
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-compile --require-hashes -r "$list"
fi
echo "$mark" >"$stamp"
