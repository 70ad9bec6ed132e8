#!/bin/sh
# Writes one archive with the database and the uploaded files: backup.sh <folder>. Needs DATABASE_URL and DATA_DIR.
# Recorded segments are left out: they are large, and can be kept in object storage with a policy of its own.
set -eu
folder=$1
: "${DATABASE_URL:?}" "${DATA_DIR:?}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
archive="$folder/shop-$(date -u +%Y%m%dT%H%M%SZ).tar.gz"

pg_dump --format=custom --no-owner --file="$work/database.dump" "$DATABASE_URL"
mkdir -p "$work/media"
[ -d "$DATA_DIR/media" ] && cp -a "$DATA_DIR/media/." "$work/media/"
# A reader of the folder never sees half an archive.
tar -C "$work" -czf "$archive.part" database.dump media
mv "$archive.part" "$archive"
# Two weeks are kept.
find "$folder" -name 'shop-*.tar.gz' -mtime +14 -delete
echo "$archive"
