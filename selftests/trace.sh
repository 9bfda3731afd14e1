#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# msgpass trace: recordings, diagrams, and tracing as it happens.
#
# What is drawn of a recording takes no module: those tests run anywhere. The others run as
# root with the module loaded, and are skipped where the kernel can't trace. Every test is a
# function, and its name the sentence that the result line says.
#
# The functions are called by their names' being listed, and words hold no blanks:
# shellcheck disable=SC2317,SC2086

# shellcheck source=selftests/helper_script.sh
. "$(dirname "$0")/helper_script.sh"
box=box-$$
tracing=/sys/kernel/tracing
boxes=

# --- helpers; a test fails at the first of them that fails

# shows FILE TEXT...: these are on lines of it, one after the other.
shows() {
	file=$1
	shift
	printf '%s\n' "$@" | awk 'NR == FNR { want[NR] = $0; wanted = NR; next }
		found < wanted && index($0, want[found + 1]) { found++ }
		END { if (found < wanted) { print "not there, or not in that order: " want[found + 1]; exit 1 } }' \
		- "$file" && return
	cat "$file"
	return 1
}

lacks() {
	! grep -F -e "$2" "$1" || { echo "and should not be there: $2"; return 1; }
}

box_has() {
	msgpass stat --json "$box" | grep -q "\"$1\": $2[,}]"
}

no_instance() {
	for instance in "$tracing"/instances/msgpass-*; do
		[ ! -e "$instance" ] || return 1
	done
}

need_tracing() {
	if [ "$(id -u)" != 0 ] || [ ! -e /dev/msgpass ]; then
		echo "it takes root and the module"
		exit 4
	fi
	[ -d $tracing/events/msgpass ] || { echo "this kernel can't trace"; exit 4; }
	! msgpass trace --event lost -- true 2>&1 | grep -q libtracefs ||
		{ echo "the command is built without libtracefs"; exit 4; }
}

# record LINES: a recording of a receiver 12 with inbox 3, a sender 11 with inbox 4, and a mailbox 9.
record() {
	{
		echo '# msgpass recording 1'
		echo '100.000000000 receiver 12 inbox_new port=3 pid=12'
		echo '100.000000000 sender 11 inbox_new port=4 pid=11'
		[ -z "$boxes" ] || echo '100.000000000 - 0 mailbox_new port=9 name=jobs'
		echo "$1"
	} >"$tmp/recording"
}

# draw [COLUMNS]
draw() {
	COLUMNS=${1:-80} msgpass trace --replay "$tmp/recording" --diagram --ascii >"$tmp/diagram"
}

rendezvous='100.000001000 receiver 12 wait port=3 pid=12 thread=12 whom=0 what=message deadline=0
100.000002000 sender 11 send port=3 from=11 length=5 type=0 priority=0 flags=synchronous
100.000003000 sender 11 queue port=3 sequence=1 from=11 length=5 type=0 priority=0 queued=1
100.000003500 sender 11 hand_off port=3 sequence=1 from=11 to=12
100.000004000 sender 11 wake port=3 pid=12 thread=12 what=message result=0
100.000005000 sender 11 wait port=3 pid=11 thread=11 whom=12 what=rendezvous deadline=0
100.000006000 receiver 12 receive port=3 sequence=1 from=11 to=12 length=5
100.000007000 receiver 12 wake port=3 pid=11 thread=11 what=rendezvous result=0
100.000008000 sender 11 inbox_gone port=4 pid=11'

# --- diagrams of recordings

a_rendezvous_is_drawn_in_its_order() {
	record "$rendezvous"
	draw
	shows "$tmp/diagram" "receiver 12" "# waits for a message" "#<------#1 5 B synchronous--------|" \
		"waits for a receiver from 12 #" "* takes #1  " "+ gone"
}

who_is_blocked_is_shaded_and_nobody_else() {
	record "$rendezvous"
	draw
	# each line of it: the receiver's lifeline is the 20th column, the sender's the 54th
	sed 1d "$tmp/diagram" | sed '/blocked/d' | cut -c 20,54 >"$tmp/lines"
	printf '%s\n' '#|' '#|' '|#' '*#' '|+' >"$tmp/wanted"
	diff "$tmp/wanted" "$tmp/lines"
}

a_mailbox_is_a_lifeline_between_producer_and_consumer() {
	boxes=1
	record '100.000001000 sender 11 queue port=9 sequence=1 from=11 length=5
100.000002000 sender 11 queue port=9 sequence=2 from=11 length=6
100.000002500 sender 11 wait port=9 pid=11 thread=11 whom=0 what=room deadline=0
100.000003000 receiver 12 receive port=9 sequence=1 from=11 to=12
100.000003500 receiver 12 wake port=9 pid=11 thread=11 what=room result=0
100.000004000 receiver 12 queue port=9 sequence=3 from=11 length=7
100.000005000 receiver 12 receive port=9 sequence=2 from=11 to=12'
	draw
	shows "$tmp/diagram" "[jobs]" "-#1 5 B---" "-#2 6 B---" "waits for room" "|----------#1--------->|" \
		"-#3 7 B---" "|----------#2--------->|"
}

a_call_shows_its_reply_and_how_it_ends() {
	record '100.000001000 sender 11 send port=3 from=11 length=5 type=0 priority=0 flags=call
100.000002000 sender 11 queue port=3 sequence=1 from=11 length=5
100.000002500 sender 11 call call=1 port=3 from=11
100.000003000 sender 11 wait port=3 pid=11 thread=11 whom=12 what=reply deadline=0
100.000004000 receiver 12 receive port=3 sequence=1 from=11 to=12
100.000004500 receiver 12 take call=1 port=3 token=1 by=12
100.000005000 receiver 12 reply call=1 from=12 to=11 length=9
100.000005500 receiver 12 call_over call=1 error=0
100.000006000 receiver 12 wake port=3 pid=11 thread=11 what=reply result=0
100.000007000 sender 11 call_over call=2 error=-32'
	draw
	shows "$tmp/diagram" "#1 5 B call" "# waits for the reply from 12" "takes #1" "===reply 9 B===" "call 2 is over: EPIPE"
	lacks "$tmp/diagram" "call 1 is over"
}

what_fails_is_marked() {
	record '100.000001000 receiver 12 wait port=3 pid=12 thread=12 whom=0 what=message deadline=100500001000
100.500002000 receiver 12 cancel port=3 pid=12 thread=12 what=message error=-110
100.500003000 receiver 12 fail pid=12 ioctl=receive error=-110
100.500004000 sender 11 queue port=3 sequence=1 from=11 length=5
100.500005000 receiver 12 restore port=3 sequence=1 from=11 to=12 error=-14
100.500006000 kworker 7 drop port=3 sequence=1 from=11 reason=expired
100.500007000 - 0 lost count=8'
	draw
	shows "$tmp/diagram" "# waits for a message, 0.5 s at most" "! gives up: ETIMEDOUT" \
		"! receive fails: ETIMEDOUT" "! puts #1 back: EFAULT" "! drops #1: expired" "8 events were lost"
}

a_look_before_a_wait_is_no_failure() {
	record '100.000001000 receiver 12 fail error=-11 pid=12 ioctl=receive
100.000002000 sender 11 fail error=-11 pid=11 ioctl=send
100.000003000 receiver 12 link_new port=3 to=12 from=13
100.000004000 receiver 12 wait port=3 pid=12 thread=12 whom=13 what=message deadline=0'
	draw
	shows "$tmp/diagram" "! send fails: EAGAIN" "waits for a message from 13 #"
	lacks "$tmp/diagram" "receive fails"
	record '100.000001000 receiver 12 fail error=-11 pid=12 ioctl=receive
100.000002000 sender 11 wait port=4 pid=11 thread=11 whom=0 what=message deadline=0
100.000003000 receiver 12 send port=4 from=12 length=5
100.000004000 receiver 12 wait port=4 pid=12 thread=12 whom=0 what=room deadline=0
100.000005000 other 14 fail error=-3 pid=14 ioctl=receive
100.000006000 other 14 wait port=9 pid=14 thread=14 whom=0 what=message deadline=0'
	draw
	shows "$tmp/diagram" "! receive fails: EAGAIN" "receive fails: ESRCH !"
}

# What another thread ends is the call, not the wait for room of its request.
the_end_of_a_call_is_not_that_of_another_wait() {
	record '100.000001000 sender 11 wait port=3 pid=11 thread=11 whom=12 what=room deadline=0
100.000002000 sender 15 wake port=3 pid=11 thread=11 what=reply result=-125
100.000003000 receiver 12 receive port=3 sequence=1 from=11 to=12
100.000004000 receiver 12 wake port=3 pid=11 thread=11 what=rendezvous result=0
100.000005000 receiver 12 receive port=3 sequence=2 from=11 to=12'
	draw
	shows "$tmp/diagram" "# waits for room from 12" "#  " "| "
	# the sender's lifeline is the left one here
	sed 1d "$tmp/diagram" | sed '/blocked/d' | cut -c 20 >"$tmp/lines"
	printf '%s\n' '#' '#' '|' >"$tmp/wanted"
	diff "$tmp/wanted" "$tmp/lines"
}

every_writer_draws_the_same() {
	boxes=1
	record "$rendezvous"
	msgpass trace --replay "$tmp/recording" --svg "$tmp/svg" --mermaid "$tmp/mermaid"
	shows "$tmp/svg" '<svg ' '>receiver 12<' 'class="blocked"' '>waits for a message<' \
		'>#1 5 B synchronous<' '>takes #1<' '>gone<' '</svg>'
	shows "$tmp/mermaid" sequenceDiagram 'participant L0 as receiver 12' 'activate L0' \
		'Note over L0: waits for a message' 'L1->>L0: #35;1 5 B synchronous' 'deactivate L0' \
		'activate L1' 'Note over L1: waits for a receiver from 12' 'Note over L0: takes #35;1' \
		'deactivate L1' 'Note over L1: gone'
}

a_name_can_neither_break_a_picture_nor_a_line() {
	record '100.000001000 sender 11 mailbox_new port=9 name=<a>&"\x0a\x1b[2J;]\x20-->#\xff uid=0
100.000002000 sender 11 queue port=9 sequence=1 from=11 length=5'
	draw
	shows "$tmp/diagram" '[<a>&"\x0a\x1b[2J'
	msgpass trace --replay "$tmp/recording" --svg "$tmp/svg" --mermaid "$tmp/mermaid"
	shows "$tmp/svg" '>[&lt;a&gt;&amp;"\x0a\x1b[2J;] --&gt;#\xff]<'
	shows "$tmp/mermaid" 'as #91;#60;a#62;#38;#34;#92;x0a#92;x1b#91;2J#59;#93; --#62;#35;#92;xff#93;'
	# text says it as it was read
	msgpass trace --replay "$tmp/recording" >"$tmp/text"
	shows "$tmp/text" 'name=<a>&"\x0a\x1b[2J;]\x20-->#\xff uid=0'
}

# Nothing that Mermaid would stumble over: arrows and notes between participants that are declared.
mermaid_is_of_few_kinds_of_lines() {
	record "$rendezvous"
	msgpass trace --replay "$tmp/recording" --mermaid "$tmp/mermaid"
	label='[A-Za-z0-9 .,_#;-]*'
	if grep -v -x -e sequenceDiagram -e "    participant L[0-9]* as $label" \
		-e "    \(de\)*activate L[0-9]*" -e "    Note over L[0-9]*: $label" \
		-e "    L[0-9]*\(-)\|->>\|-->>\|-->\)L[0-9]*: $label" "$tmp/mermaid"; then
		return 1
	fi
	grep -o 'L[0-9][0-9]*' "$tmp/mermaid" | sort -u >"$tmp/used"
	sed -n 's/.*participant \(L[0-9]*\) .*/\1/p' "$tmp/mermaid" | sort -u | diff - "$tmp/used"
}

# Each element is on a line of its own, and no label is anything but text.
svg_is_of_few_kinds_of_lines() {
	record "100.000001000 <&> 14 queue port=3 sequence=9 from=14 length=1
$rendezvous"
	msgpass trace --replay "$tmp/recording" --svg "$tmp/svg"
	text='\([^<>&]\|&lt;\|&gt;\|&amp;\)*' attributes='\( [a-z0-9]*="[^"<>&]*"\)*'
	if sed -e '/^<svg [^<>]*>$/d; /^<\/svg>$/d; /^<style>$/,/^<\/style>$/d; /^<defs>$/,/^<\/defs>$/d' "$tmp/svg" |
		grep -v -x -e "<title>$text</title>" -e "<text$attributes>$text</text>" \
			-e "<\(rect\|line\|path\)$attributes/>"; then
		return 1
	fi
	shows "$tmp/svg" '<svg ' '&lt;&amp;&gt; 14' '</svg>'
	! command -v xmllint >/dev/null || xmllint --noout "$tmp/svg"
}

what_has_no_room_is_told() {
	{
		echo '# msgpass recording 1'
		for pid in 1 2 3 4 5 6 7 8 9; do
			echo "1.000000000 p $pid inbox_new port=$((pid + 100)) pid=$pid"
			echo "1.00000000$pid p $pid queue port=101 sequence=$pid from=$pid length=1"
		done
	} >"$tmp/recording"
	draw
	[ "$(awk '{ if (length($0) > most) most = length($0) } END { print most }' "$tmp/diagram")" -le 80 ]
	shows "$tmp/diagram" "Left out for want of columns: 5 processes or mailboxes, 5 steps of theirs:" "  p 5, p 6"
	draw 200
	lacks "$tmp/diagram" "Left out"
	shows "$tmp/diagram" "p 9" "#9 1 B"
}

a_filter_keeps_what_concerns_a_pid_a_mailbox_or_an_event() {
	boxes=1
	record "$rendezvous
100.000009000 other 13 queue port=9 sequence=1 from=13 length=5
100.000010000 other 13 subscribe port=20 mailbox=9 pid=13
100.000011000 sender 11 queue port=20 sequence=1 from=11 length=6"
	msgpass trace --replay "$tmp/recording" --pid 13 >"$tmp/text"
	shows "$tmp/text" "mailbox_new port=9" "queue port=9" "subscribe port=20" "queue port=20"
	lacks "$tmp/text" "wait port=3 "
	msgpass trace --replay "$tmp/recording" --pid 12 >"$tmp/text"
	shows "$tmp/text" "queue port=3" "receive port=3"
	lacks "$tmp/text" "queue port=9"
	msgpass trace --replay "$tmp/recording" --mailbox jobs >"$tmp/text"
	shows "$tmp/text" "queue port=9" "queue port=20"
	lacks "$tmp/text" "queue port=3"
	msgpass trace --replay "$tmp/recording" --event hand_off,wait >"$tmp/text"
	[ "$(wc -l <"$tmp/text")" = 4 ]
	exits 2 msgpass trace --replay "$tmp/recording" --event hand_off,nonsense
	says "names of events"
}

# --- recordings

a_replay_records_what_it_read() {
	record "$rendezvous"
	draw
	mv "$tmp/diagram" "$tmp/first"
	msgpass trace --replay "$tmp/recording" --record "$tmp/again"
	msgpass trace --replay "$tmp/again" --record "$tmp/third"
	cmp "$tmp/again" "$tmp/third"
	msgpass trace --replay - --diagram --ascii <"$tmp/again" >"$tmp/diagram"
	cmp "$tmp/first" "$tmp/diagram"
}

# refused LINE REASON: a recording with this line is refused, and the line told.
refused() {
	record "$1"
	exits 1 msgpass trace --replay "$tmp/recording" --diagram
	says "$tmp/recording:4: $2"
}

a_broken_line_is_refused_with_its_number() {
	refused '1.000000000 a 1' 'a line is TIME COMM TID EVENT'
	refused '1.0 a 1 fail pid=1' "'1.0' is no time"
	refused '-1.000000000 a 1 fail pid=1' "'-1.000000000' is no time"
	refused '99999999999.000000000 a 1 fail pid=1' "'99999999999.000000000' is no time"
	refused '1.000000000 a x fail pid=1' "'x' is no thread id"
	refused '1.000000000 a 99999999999 fail pid=1' "'99999999999' is no thread id"
	refused '1.000000000 a 1 fial pid=1' "there is no event 'fial'"
	refused '1.000000000 a 1 fail pid' "'pid' is no KEY=VALUE"
	refused '1.000000000 a 1 fail =1' "'=1' is no KEY=VALUE"
	refused '1.000000000 a 1 fail' "it lacks 'pid='"
	refused '1.000000000 a 1 fail pid=x' "'pid=' takes a number"
	refused '1.000000000 a 1 fail pid=99999999999999999999' "'pid=' takes a number"
	refused '1.000000000 a 1 fail pid=1 pid=2' "it has 'pid' twice"
	refused '1.000000000 a 1 fail pid=1 x=\q' "a backslash in 'x' is not followed"
	refused '1.000000000 a\x0 1 fail pid=1' "a backslash in"
	refused '1.000000000 a 1 fail pid=1 x=\x00' "a backslash in"
	refused "1.000000000 a 1 fail pid=1 $(seq 20 | sed 's/$/=1/' | tr '\n' ' ')" "it has too many fields"
	printf '# msgpass recording 1\n\000\n' >"$tmp/recording"
	exits 1 msgpass trace --replay "$tmp/recording"
	says "$tmp/recording:2: there is a zero byte"
}

what_is_no_recording_is_refused() {
	echo hello >"$tmp/recording"
	exits 1 msgpass trace --replay "$tmp/recording"
	says "is no recording: it does not begin with"
	: >"$tmp/recording"
	exits 1 msgpass trace --replay "$tmp/recording"
	says "it is empty"
	exits 5 msgpass trace --replay "$tmp/none"
	says "cannot open"
	exits 1 msgpass trace --replay "$tmp"
	exits 2 msgpass trace --replay "$tmp/recording" -- true
	says "runs no command"
}

# Bytes that are replaced here and there: it may refuse them, it must not die of them.
no_broken_recording_crashes_it() {
	record "$rendezvous"
	size=$(wc -c <"$tmp/recording")
	for seed in $(seq 1 10); do
		cp "$tmp/recording" "$tmp/broken"
		position=$((22 + (seed * 7919) % (size - 22)))
		byte=$(echo '= \x#9~-' | cut -c $((seed % 8 + 1)))
		printf '%s' "${byte:- }" | dd of="$tmp/broken" bs=1 seek=$position conv=notrunc 2>/dev/null
		code=0
		msgpass trace --replay "$tmp/broken" --diagram --svg "$tmp/svg" >/dev/null 2>&1 || code=$?
		[ "$code" -lt 2 ] || { echo "exit code $code, of:"; cat "$tmp/broken"; return 1; }
	done
}

a_file_that_cannot_be_written_is_no_success() {
	record "$rendezvous"
	exits 1 msgpass trace --replay "$tmp/recording" --svg /dev/full
	says "cannot write"
	exits 1 msgpass trace --replay "$tmp/recording" --record /dev/full
	says "cannot write"
	exits 5 msgpass trace --replay "$tmp/recording" --svg "$tmp/none/svg"
}

# --- as it happens

a_real_exchange_is_told_line_by_line() {
	need_tracing
	msgpass trace -- sh -c "msgpass create $box; echo hello | msgpass send --message $box;
		msgpass recv --message $box; msgpass rm $box" >"$tmp/text"
	shows "$tmp/text" "# msgpass recording 1" " mailbox_new port=" " send port=" \
		" queue port=" " receive port=" " mailbox_gone port="
	grep -q "^hello$" "$tmp/text"
	grep -v hello "$tmp/text" | msgpass trace --replay - >/dev/null
	no_instance
}

a_recording_gives_the_diagram_that_was_drawn_at_once() {
	need_tracing
	msgpass trace --record "$tmp/recording" --diagram --ascii -- sh -c "
		msgpass create --capacity 0 $box
		msgpass recv --message $box >/dev/null &
		until msgpass stat --json $box | grep -q '\"receivers_waiting\": 1,'; do :; done
		echo hello | msgpass send --message $box
		wait" >"$tmp/first"
	shows "$tmp/first" "[$box]" "made, capacity 0" "# waits for a message" "#1 6 B" "#1"
	draw
	cmp "$tmp/first" "$tmp/diagram"
}

what_was_there_before_has_its_name() {
	need_tracing
	msgpass create "$box"
	msgpass create "$box-2"
	msgpass trace --mailbox "$box" --diagram --ascii -- sh -c "
		msgpass recv $box &
		until msgpass stat --json $box | grep -q '\"receivers_waiting\": 1,'; do :; done
		echo hello | msgpass send $box
		echo hello | msgpass send $box-2
		wait" >"$tmp/diagram"
	msgpass rm "$box-2"
	shows "$tmp/diagram" hello "[$box]" "waits for a message" "#1 6 B" "#1"
	lacks "$tmp/diagram" "$box-2"
	lacks "$tmp/diagram" "made"
	lacks "$tmp/diagram" "mailbox "
}

a_timeout_is_drawn() {
	need_tracing
	msgpass trace --diagram --ascii -- sh -c "msgpass create $box
		msgpass recv --message --timeout 0.01 $box; :" >"$tmp/diagram" 2>/dev/null
	shows "$tmp/diagram" "waits for a message, 0.0" "gives up: ETIMEDOUT" "receive fails: ETIMEDOUT"
}

a_call_is_drawn() {
	need_tracing
	msgpass trace --diagram --ascii -- sh -c "msgpass create $box
		msgpass serve --count 1 $box -- cat &
		echo question | msgpass call $box; wait" >"$tmp/diagram"
	shows "$tmp/diagram" "9 B call" "waits for the reply" "reply 9 B"
}

one_in_the_background_says_when_it_has_begun() {
	need_tracing
	msgpass trace --record "$tmp/recording" &
	tracer=$!
	until_true test -s "$tmp/recording"
	msgpass create "$box"
	until_true grep -q "name=$box" "$tmp/recording"
	kill -INT $tracer
	until_true has_ended $tracer
	wait $tracer
	no_instance
}

events_that_come_faster_than_they_are_read_are_counted() {
	need_tracing
	msgpass create "$box"
	msgpass trace --buffer 4K --record "$tmp/recording" 2>"$tmp/said" &
	tracer=$!
	until_true test -s "$tmp/recording"
	kill -STOP $tracer
	seq 200 | msgpass send --lines "$box"
	kill -CONT $tracer
	until_true grep -q ' lost count=[1-9]' "$tmp/recording"
	kill -INT $tracer
	until_true has_ended $tracer
	wait $tracer
	lost=$(sed -n 's/.* lost count=//p' "$tmp/recording" | awk '{ sum += $1 } END { print sum }')
	says "msgpass: $lost events were lost"
	says "more room with --buffer"
	exits 2 msgpass trace --replay "$tmp/recording" --buffer 4K
	says "--buffer is for what happens now"
}

an_instance_is_removed_even_after_kill_9() {
	need_tracing
	msgpass trace --record "$tmp/recording" &
	tracer=$!
	until_true test -s "$tmp/recording"
	[ -d "$tracing/instances/msgpass-$tracer" ]
	kill -KILL $tracer
	until_true no_instance
	rm "$tmp/recording"
	msgpass trace --record "$tmp/recording" -- sleep 1000 &
	tracer=$!
	until_true test -s "$tmp/recording"
	until_true pidof sleep
	kill -TERM $tracer
	until_true has_ended $tracer
	code=0
	wait $tracer || code=$?
	[ $code = $((128 + 15)) ]
	no_instance
}

the_command_gives_the_exit_code() {
	need_tracing
	exits 7 msgpass trace -- sh -c 'exit 7'
	exits 1 msgpass trace -- /nonexistent/command
	says "cannot run '/nonexistent/command'"
	no_instance
}

who_may_not_trace_is_told_why() {
	need_tracing
	code=0
	su -s /bin/sh nobody -c 'msgpass trace' 2>"$tmp/said" || code=$?
	[ $code = 6 ]
	says "tracing is for root; try: sudo msgpass trace"
	# it would be found in debugfs as well
	exits 5 unshare -m sh -c "umount -l $tracing; umount -l /sys/kernel/debug; msgpass trace -- true"
	says "tracefs is not mounted; mount it: mount -t tracefs none /sys/kernel/tracing"
}

# --- running them

# What is drawn is the same in every kernel, and slow to try in one that is full of checkers.
if [ -e /sys/module/msgpass ] && [ ! -d $tracing/events ]; then
	skip_all "this kernel can't trace"
fi
run_tests
