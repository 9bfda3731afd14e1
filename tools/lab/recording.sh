# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2154 # run.sh sets chosen and kept, lab.sh tmp
# Recording what the tracepoints tell while an experiment goes on, and drawing it. Where that
# can't be, msgpass trace says why, and the experiment goes on without.

recorder=''

has_begun() {
	[ -s "$tmp/recording" ] || has_ended "$recorder"
}

recording_begins() {
	rm -f "$tmp/recording"
	"$tmp/bin/lab" trace --record "$tmp/recording" >"$tmp/recorder" 2>&1 &
	recorder=$!
	until_true "the recording begins" has_begun
}

recording_ends() {
	[ -n "$recorder" ] || return 0
	pid=$recorder recorder=''
	kill "$pid" 2>/dev/null
	until_true "the recording ends" has_ended "$pid"
	wait "$pid"
	[ ! -s "$tmp/recording" ] || leave_out_lab
}

# The processes of the experiment, and not those with which the lab looks at them.
leave_out_lab() {
	awk '
	function field(name, at) {
		at = index($0, " " name "=")
		return at ? substr($0, at + length(name) + 2) + 0 : 0
	}
	FNR == NR { if ($2 == "lab") lab[$3]; next }
	$2 != "lab" && !($4 ~ /^inbox_/ && field("pid") in lab)' \
		"$tmp/recording" "$tmp/recording" >"$tmp/experiment"
	mv "$tmp/experiment" "$tmp/recording"
}

# diagram STEPS: of what these have done.
diagram() {
	if [ ! -s "$tmp/recording" ]; then
		say "No diagram: $(cat "$tmp/recorder")"
		return
	fi
	[ -z "$kept" ] || cp "$tmp/recording" "$kept/$chosen.$1"
	"$tmp/bin/lab" trace --replay "$tmp/recording" --diagram || oops "the recording can't be drawn"
}
