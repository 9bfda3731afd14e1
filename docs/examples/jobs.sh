#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# jobs.sh WORKERS FILE...: the checksums of files, by several workers at once. The mailbox
# between them gives every name to one who has nothing to do; an empty message ends a worker.
set -e
[ $# -ge 2 ] || { echo "usage: jobs.sh WORKERS FILE..." >&2; exit 2; }
workers=$1 box=jobs-$$
shift

work() {
	while file=$(msgpass recv --message "$box") && [ -n "$file" ]; do
		sha256sum -- "$file"
	done
}

msgpass create --quiet --capacity 8 "$box"
trap 'msgpass rm "$box"' EXIT
for _ in $(seq "$workers"); do
	work &
done
printf '%s\n' "$@" | msgpass send --lines "$box"
for _ in $(seq "$workers"); do
	msgpass send --message "$box" </dev/null
done
wait
