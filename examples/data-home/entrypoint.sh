#!/bin/sh
# What a scheduler starts: one run of one of the two jobs, whose exit code says how it went.
set -eu

# A secret that is mounted as a file never stands in the list of a container's settings.
if [ -n "${HEYMILO_API_KEY_FILE:-}" ]; then
    HEYMILO_API_KEY=$(cat "$HEYMILO_API_KEY_FILE")
    export HEYMILO_API_KEY
fi
folder=${DATA:-/data}
job=${1:-sync}
[ $# -eq 0 ] || shift

case $job in
sync)
    # Not in the background of this shell: the job itself is to get the signal to stop.
    exec heymilo sync --to "duckdb:///$folder/hiring.duckdb" "$@"
    ;;
ingest)
    # FILE --posting ID: the journal is kept beside the file, in the volume.
    if [ $# -eq 0 ]; then
        echo "entrypoint: which file? ingest FILE --posting ID, with FILE in $folder" >&2
        exit 2
    fi
    file=$1
    shift
    exec heymilo ingest "$folder/$file" "$@"
    ;;
*)
    echo "entrypoint: no such job: $job (there are sync and ingest)" >&2
    exit 2
    ;;
esac
