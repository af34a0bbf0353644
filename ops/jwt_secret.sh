#!/bin/sh
# Print the secret that Airflow's processes share; make it on first use. A link is atomic: of two processes that start
# together, both print the one that won.
set -eu
folder="${VEILLEE_ROOT:-$AIRFLOW_HOME/var}/airflow"
secret="$folder/jwt_secret"
if [ ! -s "$secret" ]; then
    umask 077
    mkdir -p "$folder"
    fresh="$secret.$$"
    od -An -N32 -tx1 /dev/urandom | tr -d ' \n' > "$fresh"
    chmod 0400 "$fresh"
    ln "$fresh" "$secret" 2>/dev/null || true
    rm -f "$fresh"
fi
exec cat "$secret"
