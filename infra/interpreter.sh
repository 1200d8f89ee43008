#!/bin/sh
# Prints the Python that .venv is made with: the first that setup.py's python_requires allows and that
# has ensurepip, which Debian packs apart. A name as argument: that one or none.
set -eu
minors=$(sed -n 's/.*python_requires=">=3\.\([0-9]*\),<3\.\([0-9]*\)".*/\1 \2/p' "$(dirname "$0")/../setup.py")
first=${minors% *}
last=$((${minors#* } - 1))
fits="import ensurepip, sys; sys.exit(not (3, $first) <= sys.version_info[:2] <= (3, $last))"
names=${1:-$(seq -f 'python3.%g' "$first" "$last") python3}
for name in $names; do
  # a name on the path may be a launcher of what is not installed: only running it tells
  if "$name" -c "$fits" 2> /dev/null; then
    echo "$name"
    exit
  fi
done
echo "make: none of these is a Python from 3.$first to 3.$last with its venv:" \
  "$(echo "$names" | xargs); install one, or name it: make PYTHON=python3.$first" >&2
exit 1
