# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2154 # lab.sh sets tmp and msgpass
# Recording what the tracepoints tell while an experiment goes on, and drawing it. Where that
# can't be, msgpass trace says why, and the experiment goes on without.

recorder=''

has_begun() {
	[ -s "$tmp/recording" ] || has_ended "$recorder"
}

recording_begins() {
	rm -f "$tmp/recording"
	"$msgpass" trace --record "$tmp/recording" >"$tmp/recorder" 2>&1 &
	recorder=$!
	until_true "the recording begins" has_begun
}

recording_ends() {
	[ -n "$recorder" ] || return 0
	kill "$recorder" 2>/dev/null
	wait "$recorder"
	recorder=''
}

# diagram STEPS: of what these have done. MSGPASS_RECORDINGS is where to keep recordings.
diagram() {
	if [ ! -s "$tmp/recording" ]; then
		say "No diagram: $(cat "$tmp/recorder")"
		return
	fi
	[ -z "${MSGPASS_RECORDINGS-}" ] || cp "$tmp/recording" "$MSGPASS_RECORDINGS/$name.$1"
	"$msgpass" trace --replay "$tmp/recording" --diagram || oops "the recording can't be drawn"
	echo
}
