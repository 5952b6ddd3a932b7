#!/bin/sh
# Makes .venv with everything in requirements.txt; `sh set-up.sh tools` adds what checking the code needs,
# `sh set-up.sh test` that and a browser. make calls it every time: when nothing has changed it ends at once
# and asks no network.
set -eu
cd "$(dirname "$0")"
fits='import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' # the Pythons that torch is built for
torch_cpu=https://download.pytorch.org/whl/cpu

fail() {
    echo "$*" >&2
    exit 1
}

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        set -- "$PYTHON"
    else
        set -- python3.14 python3.13 python3.12 python3.11 python3
    fi
    problem="Python 3.11 to 3.14 is needed: install one (https://www.python.org/downloads/) or name it: PYTHON=/path/to/python3"
    for name in "$@"; do
        "$name" -c "$fits" 2>/dev/null || continue
        # The base: in an activated .venv the name means the very Python that is about to be removed.
        python=$("$name" -c 'import ensurepip, sys; print(sys._base_executable)' 2>/dev/null) && return
        problem="Python's venv module is missing. On Debian or Ubuntu: sudo apt install python3-venv"
    done
    fail "$problem"
}

make_venv() {
    find_python
    [ ! -e .venv ] || echo "The .venv here is unfinished, or its Python is gone: making it anew."
    rm -rf .venv
    mkdir .venv
    touch .venv/installing
    "$python" -m venv .venv
}

# .venv/installing stands there while pip is at work. Found at the start, it means that pip was killed, perhaps in
# the middle of a package that it would then believe to be whole. In the end it becomes the stamp.
begin() {
    echo "$3"
    rm -f "$2"
    cp "$1" .venv/installing
}

pip_install() {
    .venv/bin/python -m pip install --quiet --disable-pip-version-check "$@" && return
    rm .venv/installing # pip itself gave up, and leaves no half packages
    fail "The installation did not finish; the same command takes it up again."
}

# Without an NVIDIA driver PyTorch's own index has a build of 200 MB, where the usual one brings gigabytes of CUDA.
torch_index() {
    [ "$(uname)" = Linux ] && ! command -v nvidia-smi && [ ! -e /proc/driver/nvidia/version ] || return 0
    .venv/bin/python -c "from urllib import request
request.urlopen(request.Request('$torch_cpu/torch/', headers={'User-Agent': 'pip'}), timeout=5)" &&
        echo "$torch_cpu"
} 2>/dev/null

install_site() {
    begin requirements.txt .venv/installed "Installing (about 1 GB with PyTorch, a few minutes, once) ..."
    index=$(torch_index) || index=
    pip_install torch -c requirements.txt ${index:+--extra-index-url "$index"}
    pip_install -r requirements.txt
    mv .venv/installing .venv/installed
}

install_tools() {
    begin requirements-dev.txt .venv/installed-tools "Installing the tools for checks and tests ..."
    pip_install -r requirements-dev.txt
    mv .venv/installing .venv/installed-tools
}

has_browser() {
    command -v chromium || command -v chromium-browser || command -v google-chrome
} >/dev/null

install_browser() {
    sudo="sudo -n" libraries=
    if [ "$(id -u)" = 0 ]; then sudo=; fi
    if command -v apt-get >/dev/null && $sudo true 2>/dev/null; then
        echo "Installing Chromium for the browser tests ..."
        $sudo apt-get update >/dev/null 2>&1 || true
        $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y chromium >/dev/null 2>&1 && return
        libraries=--with-deps # Ubuntu has no such package; playwright installs what its own Chromium needs
    fi
    .venv/bin/python -m playwright install $libraries chromium ||
        fail "The browser tests need a Chromium: install one that is found as 'chromium', then run this again."
}

# For a clock that is set back, which is compiled; where there is no compiler, that test is left out and says so.
install_compiler() {
    sudo="sudo -n"
    if [ "$(id -u)" = 0 ]; then sudo=; fi
    command -v apt-get >/dev/null && $sudo true 2>/dev/null || return 0
    $sudo apt-get update >/dev/null 2>&1 || true
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends gcc libc6-dev >/dev/null 2>&1 || true
}

changed() {
    [ "$(cat "$1")" != "$(cat "$2" 2>/dev/null)" ]
}

if [ -e .venv/installing ] || ! .venv/bin/python -c "import pip; $fits" 2>/dev/null; then make_venv; fi
if changed requirements.txt .venv/installed; then install_site; fi
if [ -z "${1:-}" ]; then exit; fi
if changed requirements-dev.txt .venv/installed-tools; then install_tools; fi
if [ "$1" = test ] && ! has_browser; then install_browser; fi
if [ "$1" = test ] && ! command -v cc >/dev/null; then install_compiler; fi
