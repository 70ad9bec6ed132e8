#!/bin/sh
# Brings an archive of backup.sh back: restore.sh <archive>. Needs DATABASE_URL (an empty database) and DATA_DIR.
set -eu
archive=$1
: "${DATABASE_URL:?}" "${DATA_DIR:?}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

tar -C "$work" -xzf "$archive"
pg_restore --no-owner --exit-on-error --single-transaction --dbname="$DATABASE_URL" "$work/database.dump"
mkdir -p "$DATA_DIR/media"
cp -a "$work/media/." "$DATA_DIR/media/"
echo "restored $archive; run manage.py audit before opening the shop"
