#!/bin/sh
# Print the first Python 3.11 or 3.12 that runs. A name on the PATH may be a shim with nothing behind it, so ask each.
for python in ${PYTHON:-} python3.12 python3.11 python3 /usr/bin/python3; do
    if "$python" -c 'import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))' 2>/dev/null; then
        command -v "$python"
        exit 0
    fi
done
echo "missing: Python 3.11 or 3.12. Debian 12: apt install python3 python3-venv; elsewhere: make PYTHON=/path/to/python" >&2
exit 78
