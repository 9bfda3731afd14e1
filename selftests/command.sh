#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The command: every verb, its errors and exit codes, pipelines and streams.
#
# Runs as root with the module loaded. Every test is a function, and its name the sentence that
# the result line says. Whatever a test waits for, it waits for by looking, and for a bounded time.
#
# The functions are called by their names' being listed, and words hold no blanks:
# shellcheck disable=SC2317,SC2086

# shellcheck source=selftests/helper_script.sh
. "$(dirname "$0")/helper_script.sh"
box=command-test-$$
start=2147483648 # type of the first piece of a stream
piece=65536

# --- helpers; a test fails at the first of them that fails

equal() {
	[ "$1" = "$2" ] && return
	echo "it is '$1' and not '$2'"
	return 1
}

same_file() {
	cmp "$1" "$2" && return
	ls -l "$1" "$2"
	return 1
}

# field KEY: the first value of this key in the JSON on stdin.
field() {
	sed -n "s/.*\"$1\": \"\{0,1\}\([^,\"}]*\).*/\1/p" | head -n 1
}

box_has() {
	[ "$(msgpass stat --json "$box" | field "$1")" = "$2" ]
}

box_reached() {
	[ "$(msgpass stat --json "$box" | field "$1")" -ge "$2" ]
}

inbox_has() {
	[ "$(msgpass stat --json --pid "$1" | field "$2")" = "$3" ]
}

empty() {
	box_has queued 0
}

as() {
	user=$1
	shift
	su -s /bin/sh "$user" -c "$*"
}

# ends PID CODE
ends() {
	code=0
	until_true has_ended "$1"
	wait "$1" || code=$?
	[ "$code" = "$2" ] && return
	echo "a background process ended with $code, not $2"
	return 1
}

# begin_stream FIFO: send a stream whose first two pieces come now, and the rest from fd 9.
begin_stream() {
	mkfifo "$tmp/fifo"
	msgpass send "$box" <"$tmp/fifo" &
	sender=$!
	exec 9>"$tmp/fifo"
	head -c $((2 * piece)) "$tmp/data" >&9
	until_true box_has sent 2
}

data() {
	seq "$1" "$2" >"$tmp/data"
}

# --- mailboxes

a_box_is_made_and_deleted() {
	exits 5 msgpass stat "$box"
	msgpass create "$box"
	msgpass stat "$box" >"$tmp/stat"
	grep -q "^name  *$box$" "$tmp/stat"
	exits 0 msgpass rm "$box"
	exits 5 msgpass stat "$box"
}

making_a_box_twice_leaves_it_as_it_is() {
	msgpass create "$box" --capacity 7
	exits 0 msgpass create "$box" --capacity 8
	says "is there already"
	exits 0 msgpass create --quiet "$box"
	equal "" "$(cat "$tmp/said")"
	box_has capacity 7
	exits 10 msgpass create --exclusive "$box"
	says EEXIST
}

several_boxes_are_deleted_at_once() {
	msgpass create "$box"
	msgpass create "$box.2"
	exits 5 msgpass rm "$box.3" "$box" "$box.2"
	says "'$box.3'"
	exits 5 msgpass stat "$box"
	exits 5 msgpass stat "$box.2"
}

settings_are_given_at_the_making() {
	msgpass create "$box" --mode 0620 --owner 54320 --group 54321 --capacity 9 \
		--capacity-bytes 2M --message-max 4K
	msgpass stat --json "$box" >"$tmp/json"
	equal "$(field mode <"$tmp/json")" 0620
	equal "$(field uid <"$tmp/json")" 54320
	equal "$(field gid <"$tmp/json")" 54321
	equal "$(field capacity <"$tmp/json")" 9
	equal "$(field capacity_bytes <"$tmp/json")" 2097152
	equal "$(field message_max <"$tmp/json")" 4096
}

settings_are_changed() {
	msgpass create "$box"
	exits 2 msgpass set "$box"
	msgpass set "$box" --mode 0602 --capacity unlimited --message-max 100
	box_has mode 0602
	box_has capacity null
	box_has message_max 100
	msgpass stat "$box" >"$tmp/stat"
	grep -q '^capacity  *unlimited$' "$tmp/stat"
}

a_box_that_only_sends_can_be_changed() {
	msgpass create "$box" --mode 0200
	exits 0 msgpass set "$box" --mode 0600
}

a_bad_name_is_refused() {
	exits 1 msgpass create "a/b"
	says EINVAL
	exits 1 msgpass create "$(printf '%064d' 0)"
	says ENAMETOOLONG
}

# --- owners

a_bound_box_dies_with_its_command() {
	msgpass create --bound --capacity 3 "$box" -- msgpass recv "$box" --count 2 >"$tmp/out" &
	owner=$!
	until_true box_has receivers_waiting 1
	box_has bound_pid $owner
	box_has capacity 3
	msgpass ls | grep -q "^0600 .* $owner queue  *$box$"
	msgpass ls --json | grep -q "\"name\": \"$box\", .*\"bound_pid\": $owner,"
	seq 2 | msgpass send --lines "$box"
	ends $owner 0
	equal "$(tr '\n' ' ' <"$tmp/out")" "1 2 "
	exits 5 msgpass stat "$box"
}

a_bound_port_is_told() {
	port=$(msgpass create --bound 0 -- true)
	[ "$port" -ge 1024 ]
	exits 5 msgpass stat "$port"
}

a_bound_box_dies_with_a_command_that_is_killed() {
	msgpass create --bound "$box" -- sleep 1000 &
	owner=$!
	until_true box_has bound_pid $owner
	msgpass recv "$box" 2>"$tmp/said" &
	receiver=$!
	until_true box_has receivers_waiting 1
	kill -9 $owner
	ends $receiver 8
	says EPIPE
	wait $owner || :
	exits 5 msgpass stat "$box"
}

a_command_that_can_not_be_run_leaves_no_bound_box() {
	exits 1 msgpass create --bound "$box" -- ./no-such-command
	says "cannot run './no-such-command'.*ENOENT"
	exits 5 msgpass stat "$box"
}

a_box_that_is_there_does_not_become_bound() {
	msgpass create "$box"
	exits 10 msgpass create --bound "$box" -- true
	says "does not become bound"
	box_has bound_pid null
}

a_box_passes_from_one_command_to_another() {
	msgpass create --bound "$box" -- sleep 1000 &
	first=$!
	until_true box_has bound_pid $first
	mkfifo "$tmp/go"
	# shellcheck disable=SC2016 # for the inner shell
	sh -c 'read -r go <"$1/go"; exec msgpass accept "$2" -- sleep 1000' - "$tmp" "$box" &
	second=$!
	msgpass give "$box" --pid $second
	until_true box_has bound_pid $first
	exits 6 msgpass accept "$box" -- true
	says "not offered"
	exits 2 msgpass accept "$box"
	says "would die"
	echo >"$tmp/go"
	until_true box_has bound_pid $second
	box_has offered_peer null
	kill $first
	wait $first || :
	box_has bound_pid $second
	kill $second
	wait $second || :
	exits 5 msgpass stat "$box"
}

an_offer_is_told_and_withdrawn() {
	msgpass create "$box"
	exits 5 msgpass give --cancel "$box"
	says "no offer"
	exits 5 msgpass give --peer 1 "$box"
	says "no such process"
	sleep 1000 &
	other=$!
	msgpass give --pid $other "$box"
	peer=$(msgpass stat --json "$box" | field offered_peer)
	[ "$peer" -gt 0 ]
	exits 0 msgpass give --cancel "$box"
	box_has offered_peer null
	exits 0 msgpass give --peer "$peer" "$box"
	box_has offered_peer "$peer"
	kill $other
	until_true box_has offered_peer null
}

a_box_is_given_to_another_user() {
	need_users
	msgpass create "$box" --owner father
	mkfifo "$tmp/fifo"
	: >"$tmp/pid"
	chmod 755 "$tmp"
	chmod 666 "$tmp/pid"
	# shellcheck disable=SC2016
	as mother 'echo $$ >'"$tmp"'/pid; read -r go; exec msgpass accept '"$box" <"$tmp/fifo" &
	mother=$!
	exec 9>"$tmp/fifo"
	until_true test -s "$tmp/pid"
	exits 5 as mother "msgpass accept $box"
	exits 0 as father "msgpass give $box --pid $(cat "$tmp/pid")"
	echo >&9
	ends $mother 0
	box_has owner mother
	exits 5 as father "msgpass rm $box"
	exits 0 as mother "msgpass rm $box"
}

# --- messages

a_message_goes_through_a_box() {
	msgpass create "$box"
	echo hello | msgpass send "$box"
	box_has queued 1
	equal "$(msgpass recv "$box")" hello
	empty
}

an_empty_message_goes_through() {
	msgpass create "$box"
	msgpass send "$box" </dev/null
	box_has queued 1
	exits 0 msgpass recv --json "$box"
	says '"length": 0,'
}

every_byte_goes_through() {
	i=0
	while [ $i -lt 256 ]; do
		# shellcheck disable=SC2059 # the format is the byte
		printf "\\$(printf %o $i)"
		i=$((i + 1))
	done >"$tmp/data"
	msgpass create "$box"
	msgpass send "$box" <"$tmp/data"
	msgpass recv "$box" >"$tmp/out"
	same_file "$tmp/data" "$tmp/out"
}

messages_come_in_order() {
	msgpass create "$box"
	for i in 1 2 3 4; do echo $i | msgpass send "$box"; done
	equal "$(msgpass recv "$box")" 1
	equal "$(msgpass recv --count 2 "$box" | tr '\n' ' ')" "2 3 "
	equal "$(msgpass recv --all "$box")" 4
	exits 0 msgpass recv --all "$box"
}

lines_are_messages() {
	msgpass create "$box"
	printf 'one\ntwo\nthree' | msgpass send --lines "$box"
	box_has queued 3
	equal "$(msgpass recv "$box")" one
	equal "$(msgpass recv --all "$box" | tr '\n' ' ')" "two three"
}

lines_that_were_sent_before_one_was_not_are_told() {
	msgpass create "$box" --capacity 2
	seq 4 | exits 3 msgpass send --lines --nonblock "$box"
	says "is full (EAGAIN)"
	says "lines that were sent before that: 2"
	box_has queued 2
	echo x | exits 3 msgpass send --lines --nonblock "$box"
	equal 0 "$(grep -c "were sent" "$tmp/said")"
}

a_receiver_waits_for_a_message() {
	msgpass create "$box"
	msgpass recv "$box" >"$tmp/out" &
	until_true box_has receivers_waiting 1
	echo hello | msgpass send "$box"
	ends $! 0
	equal "$(cat "$tmp/out")" hello
}

a_sender_waits_for_room() {
	msgpass create "$box" --capacity 1
	echo one | msgpass send "$box"
	echo two | msgpass send "$box" &
	until_true box_has senders_waiting 1
	equal "$(msgpass recv "$box")" one
	ends $! 0
	equal "$(msgpass recv "$box")" two
}

a_send_without_room_to_wait_in_tells_that_nobody_receives() {
	msgpass create "$box" --capacity 0
	exits 3 msgpass send --message --nonblock "$box" </dev/null
	says "no receiver waits"
	echo x | exits 4 msgpass send --timeout 0.05 "$box"
	says "was not received from in time (ETIMEDOUT), and this was not sent"
	empty
}

a_synchronous_send_waits_for_a_receiver() {
	msgpass create "$box"
	exits 3 msgpass send --synchronous --nonblock "$box" </dev/null
	says "no receiver waits"
	exits 4 msgpass send --synchronous --timeout 0.05 "$box" </dev/null
	empty
	echo one | msgpass send --synchronous "$box" &
	until_true box_has senders_waiting 1
	equal "$(msgpass recv "$box")" one
	ends $! 0
}

a_box_without_capacity_is_a_rendezvous() {
	msgpass create --capacity 0 "$box"
	echo one | exits 3 msgpass send --nonblock "$box"
	echo one | msgpass send "$box" &
	until_true box_has senders_waiting 1
	equal "$(msgpass recv "$box")" one
	ends $! 0
	head -c 300000 /dev/urandom >"$tmp/sent"
	msgpass send "$box" <"$tmp/sent" &
	msgpass recv "$box" >"$tmp/received"
	ends $! 0
	same_file "$tmp/sent" "$tmp/received"
}

a_port_that_is_unused_is_told() {
	port=$(msgpass create 0)
	[ "$port" -ge 1024 ]
	echo one | msgpass send "$port"
	equal "$(msgpass recv "$port")" one
	msgpass rm "$port"
	exits 5 msgpass recv "$port"
}

types_are_selected() {
	msgpass create "$box"
	for i in 7 5 9 6; do echo $i | msgpass send --type $i "$box"; done
	equal "$(msgpass recv --nonblock --type-up-to 8 "$box")" 5
	equal "$(msgpass recv --nonblock --type 9 "$box")" 9
	equal "$(msgpass recv --nonblock --type-except 7 "$box")" 6
	exits 3 msgpass recv --nonblock --type 0 "$box"
	equal "$(msgpass recv --nonblock "$box")" 7
}

messages_of_any_type_come_in_order() {
	msgpass create "$box"
	for i in 7 0 9; do echo $i | msgpass send --type $i "$box"; done
	equal "$(msgpass recv --all "$box" | tr '\n' ' ')" "7 0 9 "
}

the_highest_priority_comes_first() {
	msgpass create "$box"
	for i in 1 3 2; do echo $i | msgpass send --priority $i "$box"; done
	equal "$(msgpass recv --all --by-priority "$box" | tr '\n' ' ')" "3 2 1 "
}

peeking_leaves_the_message() {
	msgpass create "$box"
	echo hello | msgpass send "$box"
	equal "$(msgpass recv --peek "$box")" hello
	box_has queued 1
	exits 2 msgpass recv --peek --all "$box"
}

truncating_drops_the_rest() {
	msgpass create "$box"
	printf hello | msgpass send "$box"
	exits 0 msgpass recv --json --truncate 3 "$box"
	equal "$(cat "$tmp/out")" hel
	says '"truncated": true'
	empty
	msgpass set "$box" --message-max 1M
	head -c 1000000 /dev/zero | msgpass send --message "$box"
	equal "$(msgpass recv --truncate 900000 "$box" | wc -c)" 900000
}

a_message_longer_than_a_buffer_comes_whole() {
	data 1 150000
	msgpass create "$box" --message-max 1M
	msgpass send --message "$box" <"$tmp/data"
	msgpass recv --peek "$box" >"$tmp/out"
	same_file "$tmp/data" "$tmp/out"
	msgpass recv "$box" >"$tmp/out"
	same_file "$tmp/data" "$tmp/out"
	empty
}

what_was_received_is_told() {
	msgpass create "$box"
	echo hello | msgpass send --type 3 --priority 4 "$box"
	exits 0 msgpass recv --peek --verbose "$box"
	says "^length  *6$"
	exits 0 msgpass recv --json "$box"
	equal "$(field length <"$tmp/said")" 6
	equal "$(field sequence <"$tmp/said")" 1
	equal "$(field uid <"$tmp/said")" "$(id -u)"
	equal "$(field type <"$tmp/said")" 3
	equal "$(field priority <"$tmp/said")" 4
}

# --- processes

a_message_goes_to_a_process() {
	msgpass recv --any >"$tmp/out" &
	echo hello | msgpass send --pid $!
	ends $! 0
	equal "$(cat "$tmp/out")" hello
}

a_message_goes_to_a_peer_id() {
	msgpass recv --any >"$tmp/out" &
	until_true inbox_has $! receivers_waiting 1
	peer=$(msgpass stat --json --pid $! | field peer)
	msgpass stat --peer "$peer" >"$tmp/stat"
	echo hello | msgpass send --peer "$peer"
	ends $! 0
	equal "$(cat "$tmp/out")" hello
	exits 5 msgpass send --peer "$peer" </dev/null
}

a_receiver_may_want_just_one_sender() {
	mkfifo "$tmp/to" "$tmp/from"
	echo wanted >"$tmp/data"
	# shellcheck disable=SC2016 # for the inner shells
	sh -c 'read -r to <"$1/to" && exec msgpass send --pid "$to" <"$1/data"' - "$tmp" &
	wanted=$!
	# shellcheck disable=SC2016
	sh -c 'read -r from <"$1/from" && exec msgpass recv --pid "$from"' - "$tmp" >"$tmp/out" &
	receiver=$!
	echo other | msgpass send --pid $receiver
	echo $wanted >"$tmp/from"
	until_true inbox_has $receiver receivers_waiting 1
	echo $receiver >"$tmp/to"
	ends $receiver 0
	equal "$(cat "$tmp/out")" wanted
}

the_second_of_two_who_wait_for_each_other_exits_with_11() {
	mkfifo "$tmp/to"
	# shellcheck disable=SC2016 # for the inner shell
	sh -c 'read -r from <"$1/to" && exec msgpass recv --pid "$from"' - "$tmp" 2>"$tmp/said" &
	second=$!
	msgpass recv --pid $second &
	first=$!
	until_true inbox_has $first receivers_waiting 1
	echo $first >"$tmp/to"
	ends $second 12
	says "to wait for process $first would never end (EDEADLK)"
	ends $first 8
}

the_own_inbox_is_set_up() {
	msgpass recv --any --mode 0202 --capacity 3 >"$tmp/out" &
	until_true inbox_has $! receivers_waiting 1
	inbox_has $! mode 0202
	inbox_has $! capacity 3
	echo x | msgpass send --pid $!
	ends $! 0
	exits 2 msgpass recv --mode 0202 some-box
}

a_process_without_room_is_not_called_full() {
	msgpass recv --any --capacity 0 --type 5 &
	receiver=$!
	until_true inbox_has $receiver receivers_waiting 1
	echo x | exits 3 msgpass send --nonblock --pid $receiver
	says "process $receiver does not wait for it (EAGAIN)"
	echo x | exits 4 msgpass send --timeout 0.05 --pid $receiver
	says "process $receiver did not receive in time (ETIMEDOUT), and this was not sent"
	peer=$(msgpass stat --json --pid $receiver | field peer)
	echo x | exits 3 msgpass send --nonblock --peer "$peer"
	says "does not wait for it"
}

# --- spinning

# ticks COMMAND...: the CPU time that it takes in half a second, in hundredths of one.
ticks() {
	"$@" </dev/null >"$tmp/out" 2>&1 &
	sleep 0.5
	read -r line <"/proc/$!/stat"
	kill $!
	wait $! || :
	# shellcheck disable=SC2086 # its fields
	set -- $line
	echo $((${14} + ${15}))
}

# spins VERB ...: with --spin it takes more than without. Who spins sleeps when somebody else
# wants the CPU, so try again then.
spins() {
	verb=$1
	shift
	asleep=$(ticks msgpass "$verb" "$@")
	[ "$asleep" -lt 25 ] || { echo "it takes too long to begin with"; exit 4; }
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		awake=$(ticks msgpass "$verb" --spin "$@")
		[ "$awake" -lt $((asleep + 15)) ] || return 0
	done
	echo "'$verb --spin' takes $awake, and without --spin $asleep"
	return 1
}

who_is_told_to_spin_does_not_sleep() {
	[ "$(nproc)" -gt 1 ] || { echo "with one CPU none spins"; exit 4; }
	limit=/sys/module/msgpass/parameters/spin_ns
	old=$(cat $limit)
	trap 'echo $old >$limit; clean_up' EXIT
	echo 4000000000 >$limit
	msgpass create "$box"
	spins recv "$box"
	spins send --synchronous "$box"
	spins call "$box"
	spins serve "$box" -- cat
}

# --- receipts and lifetimes

a_receipt_tells_that_a_message_was_received() {
	msgpass create "$box"
	echo hello | msgpass send --receipt --json "$box" 2>"$tmp/said" &
	sender=$!
	until_true box_has queued 1
	kill -0 $sender
	equal "$(msgpass recv "$box")" hello
	ends $sender 0
	says '"receipt": "received", "sequence": 1, .*"tries": 1}'
	says '"messages": 1, "received": 1, "dropped": 0, '
}

a_dropped_message_exits_with_11() {
	msgpass create "$box"
	echo x | exits 11 msgpass send --receipt --lifetime 0.05 "$box"
	says "the message was dropped: mailbox '$box' held it until its lifetime was over.*--lifetime"
	box_has dropped 1
	echo x | msgpass send --receipt "$box" 2>"$tmp/said" &
	until_true box_has queued 1
	msgpass rm "$box"
	ends $! 11
	says "was deleted"
	msgpass recv --any --type 5 &
	receiver=$!
	until_true inbox_has $receiver receivers_waiting 1
	echo x | msgpass send --receipt --pid $receiver 2>"$tmp/said" &
	until_true inbox_has $receiver queued 1
	kill $receiver
	ends $! 11
	says "process $receiver died"
}

a_dropped_message_is_sent_again_so_many_times() {
	msgpass create "$box"
	echo x | exits 11 msgpass send --json --tries 3 --lifetime 0.05 "$box"
	says '"receipt": "expired", .*"tries": 3}'
	box_has sent 3
	box_has dropped 3
	echo x | msgpass send --tries 1000000 --lifetime 0.1s "$box" &
	until_true box_reached dropped 4
	equal "$(msgpass recv "$box")" x
	ends $! 0
}

what_can_not_be_sent_again_is_told() {
	msgpass create "$box"
	echo x | msgpass send --tries 3 "$box" 2>"$tmp/said" &
	until_true box_has queued 1
	msgpass rm "$box"
	ends $! 11
	says "could not be sent again: .*EPIPE"
}

every_line_has_a_receipt() {
	msgpass create "$box"
	seq 3 | msgpass send --lines --receipt --json "$box" 2>"$tmp/said" &
	until_true box_has queued 3
	equal "$(msgpass recv --count 2 "$box" | tr '\n' ' ')" "1 2 "
	msgpass rm "$box"
	ends $! 11
	equal "$(grep -c '"receipt": "received"' "$tmp/said")" 2
	equal "$(grep -c '"receipt": "deleted"' "$tmp/said")" 1
	says "1 of 3 messages were dropped"
	says '"messages": 3, "received": 2, "dropped": 1, "tries": 3}'
}

a_receipt_that_does_not_come_in_time_exits_with_4() {
	msgpass create "$box"
	echo x | exits 4 msgpass send --receipt --timeout 0.05 "$box"
	says "no receipt came in time"
	equal "$(msgpass recv "$box")" x
}

a_message_ends_with_its_lifetime() {
	msgpass create "$box"
	echo short | exits 0 msgpass send --lifetime 0.05 "$box"
	echo long | exits 0 msgpass send --lifetime 1h "$box"
	until_true box_has dropped 1
	equal "$(msgpass recv "$box")" long
	empty
}

# --- open files in messages

open_files_come_along_with_a_message() {
	msgpass create "$box"
	echo one >"$tmp/one"
	echo two >"$tmp/two"
	echo hello | msgpass send --fd 8 --fd 7 "$box" 7<"$tmp/one" 8<"$tmp/two"
	# shellcheck disable=SC2016 # for the inner shell
	equal "$(msgpass recv --fds "$box" -- sh -c 'cat; cat <&3; cat <&4
		echo $MSGPASS_FDS $MSGPASS_UID' | tr '\n' ' ')" "hello two one 2 $(id -u) "
	empty
}

the_command_that_takes_a_message_decides_the_exit_status() {
	msgpass create "$box"
	head -c 1000000 /dev/zero >"$tmp/data"
	msgpass set "$box" --message-max 1M
	msgpass send --message "$box" <"$tmp/data"
	# shellcheck disable=SC2016
	exits 42 msgpass recv --fds "$box" -- sh -c 'test $(wc -c) = 1000000 && exit 42'
	msgpass send "$box" </dev/null
	exits 1 msgpass recv --fds "$box" -- ./no-such-command
	says "cannot run './no-such-command'.*ENOENT"
}

open_files_that_are_not_asked_for_are_not_lost() {
	msgpass create "$box"
	echo hello | msgpass send --fd 8 "$box" 8</dev/null
	exits 9 msgpass recv "$box"
	says "comes with open files (EMSGSIZE).*msgpass recv --fds $box -- COMMAND"
	exits 0 msgpass recv --json --peek "$box"
	says '"fds": 1,'
	box_has queued 1
	exits 0 msgpass recv --truncate 100 "$box"
	equal "$(cat "$tmp/out")" hello
	empty
}

a_command_that_serves_has_the_open_files() {
	msgpass create "$box"
	echo one >"$tmp/one"
	# shellcheck disable=SC2016
	msgpass serve --count 2 "$box" -- sh -c 'test "$MSGPASS_FDS" = 0 || cat <&3' &
	server=$!
	equal "$(msgpass call --fd 8 "$box" 8<"$tmp/one" </dev/null)" one
	equal "$(msgpass call "$box" </dev/null)" ""
	ends $server 0
}

an_open_file_that_can_not_be_sent_is_refused() {
	msgpass create "$box"
	exits 2 msgpass send --fd 8 "$box" </dev/null
	says "the number of an open file descriptor, not '8'"
	exits 1 msgpass send --fd 8 "$box" 8</dev/msgpass </dev/null
	says EOPNOTSUPP
	empty
}

# --- messages longer than any buffer

# begin_flow: a sender waits for the box to be received from.
begin_flow() {
	data 1 500000
	msgpass create "$box"
	msgpass set "$box" --message-max 1000
	msgpass send --flow "$box" <"$tmp/data" 2>"$tmp/sent" &
	sender=$!
	until_true box_has queued 1
}

# stuck_receiver: one that has begun to receive and can't write, until fd 9 is read.
stuck_receiver() {
	mkfifo "$tmp/fifo"
	msgpass recv "$box" >"$tmp/fifo" 2>"$tmp/said" 9>&- &
	receiver=$!
	exec 9<"$tmp/fifo"
	until_true box_has received 1
}

a_file_flows_through_a_box() {
	begin_flow
	exits 0 msgpass recv --json "$box"
	ends $sender 0
	same_file "$tmp/data" "$tmp/out"
	says "\"length\": $(wc -c <"$tmp/data"), \"pieces\": 1,"
	says '"flow": true'
	equal "$(cat "$tmp/sent")" ""
}

a_file_flows_to_a_process() {
	data 1 500000
	msgpass recv --any --message-max 1000 >"$tmp/out" &
	receiver=$!
	until_true inbox_has $receiver receivers_waiting 1
	{
		read -r line
		equal "$line" 1
		msgpass send --flow --pid $receiver
	} <"$tmp/data"
	ends $receiver 0
	# what has been read of it is not sent
	tail -n +2 "$tmp/data" >"$tmp/rest"
	same_file "$tmp/rest" "$tmp/out"
}

a_flow_is_received_by_who_waits() {
	msgpass create "$box" --message-max 10
	msgpass recv "$box" >"$tmp/out" &
	until_true box_has receivers_waiting 1
	seq 30 >"$tmp/data"
	msgpass send --flow "$box" <"$tmp/data"
	ends $! 0
	same_file "$tmp/data" "$tmp/out"
}

a_flow_whose_sender_was_killed_fails() {
	begin_flow
	stuck_receiver
	kill -9 $sender
	cat <&9 >"$tmp/out"
	ends $receiver 8
	says "not whole: its sender died or gave up (EPIPE) after [1-9][0-9]* of $(wc -c <"$tmp/data") bytes"
	cmp -n "$(wc -c <"$tmp/out")" "$tmp/out" "$tmp/data"
}

a_flow_whose_receiver_was_killed_fails() {
	begin_flow
	stuck_receiver
	kill -9 $receiver
	ends $sender 8
	grep -q "received only [1-9][0-9]* of $(wc -c <"$tmp/data") bytes" "$tmp/sent"
}

a_flow_may_be_truncated_and_peeked_at() {
	begin_flow
	msgpass recv --peek "$box" | head -c 10 >"$tmp/out"
	head -c 10 "$tmp/data" >"$tmp/begun"
	same_file "$tmp/begun" "$tmp/out"
	exits 0 msgpass recv --truncate 10 "$box"
	same_file "$tmp/begun" "$tmp/out"
	ends $sender 8
	grep -q "received only 10 of" "$tmp/sent"
}

a_flow_waits_for_a_receiver() {
	msgpass create "$box" --message-max 10
	seq 30 >"$tmp/data"
	exits 4 msgpass send --flow --timeout 0.05 "$box" <"$tmp/data"
	says "ETIMEDOUT"
	empty
	exits 2 msgpass send --flow --nonblock "$box" <"$tmp/data"
	exits 2 msgpass send --flow --receipt "$box" <"$tmp/data"
	exits 2 msgpass send --flow --lines "$box" <"$tmp/data"
}

what_is_no_file_does_not_flow() {
	msgpass create "$box"
	echo hello | exits 1 msgpass send --flow "$box"
	says "no file.*as a stream"
	empty
}

a_message_too_long_to_serve_is_passed_over() {
	msgpass create "$box"
	truncate -s $(($(msgpass info --json | field message_max) + 1)) "$tmp/data"
	msgpass serve --count 2 "$box" -- cat 2>"$tmp/server" &
	server=$!
	code=0
	msgpass send --flow "$box" <"$tmp/data" 2>"$tmp/sent" || code=$?
	equal $code 8
	until_true grep -q "passed over.*EMSGSIZE" "$tmp/server"
	equal "$(echo hello | msgpass call "$box")" hello
	ends_serving $server
}

# --- broadcast

a_broadcast_reaches_all_who_receive() {
	msgpass create --broadcast "$box"
	echo nobody | msgpass send "$box"
	msgpass recv "$box" >"$tmp/out1" &
	receiver1=$!
	msgpass recv "$box" >"$tmp/out2" &
	receiver2=$!
	until_true box_has receivers_waiting 2
	box_has subscribers 2
	data 1 30000
	msgpass send "$box" <"$tmp/data"
	ends $receiver1 0
	ends $receiver2 0
	same_file "$tmp/data" "$tmp/out1"
	same_file "$tmp/data" "$tmp/out2"
	msgpass ls | grep -q " broadcast  *$box$"
	box_has broadcast true
	box_has sent 2
}

a_slow_receiver_holds_a_broadcast_back() {
	msgpass create --broadcast --capacity 1 "$box"
	msgpass recv --type 5 "$box" &
	until_true box_has subscribers 1
	echo x | exits 0 msgpass send "$box"
	echo x | exits 3 msgpass send --nonblock "$box"
	says "nobody got it"
	echo x | exits 4 msgpass send --timeout 0.05 "$box"
	says "one of those who receive from mailbox '$box' had no room"
}

a_slow_receiver_of_a_lossy_broadcast_is_told() {
	msgpass create --broadcast --lossy --capacity 1 "$box"
	msgpass ls | grep -q " lossy  *$box$"
	mkfifo "$tmp/fifo"
	msgpass recv --count 3 --json "$box" >"$tmp/fifo" 2>"$tmp/said" 9>&- &
	receiver=$!
	exec 9<"$tmp/fifo"
	until_true box_has receivers_waiting 1
	# more than the pipe holds
	head -c 200000 /dev/zero | msgpass send "$box"
	until_true box_has received 1
	for i in 2 3 4; do echo $i | exits 0 msgpass send --nonblock "$box"; done
	box_has missed 2
	head -c 200002 <&9 | tail -c 1 | grep -qx ''
	until_true box_has receivers_waiting 1
	echo 5 | msgpass send "$box"
	equal "$(cat <&9)" 5
	ends $receiver 0
	says "2 messages of mailbox '$box' were missed"
	equal "$(grep -c '"missed": 0}' "$tmp/said")" 2
	equal "$(grep -c '"missed": 2}' "$tmp/said")" 1
}

what_can_not_be_broadcast_is_refused() {
	msgpass create --broadcast "$box" --message-max 100
	seq 100 >"$tmp/data"
	exits 9 msgpass send "$box" <"$tmp/data"
	says "a broadcast is one message.*--message-max"
	echo x | exits 1 msgpass send --receipt "$box"
	says "mailbox '$box' is for broadcast, which has no"
	exits 1 msgpass send --flow "$box" <"$tmp/data"
	echo x | exits 1 msgpass call "$box"
	says "can't be called (EOPNOTSUPP)"
	exits 1 msgpass set "$box" --capacity 0
	says "needs room"
	exits 2 msgpass create --lossy "$box.2"
	exits 1 msgpass create --broadcast --capacity 0 "$box.2"
	says "give it a --capacity"
}

# --- call and serve

# ends_serving PID: end a server that was begun with &.
ends_serving() {
	kill "$1"
	ends "$1" 0
}

a_call_prints_the_reply() {
	msgpass create "$box"
	msgpass serve "$box" -- tr a-z A-Z &
	server=$!
	equal "$(echo hello | msgpass call "$box")" HELLO
	equal "$(echo again | msgpass call "$box")" AGAIN
	until_true box_has receivers_waiting 1
	ends_serving $server
	empty
}

a_process_is_called() {
	msgpass serve --any -- cat 2>"$tmp/said" &
	server=$!
	until_true says "process $server serves"
	equal "$(echo hello | msgpass call --pid $server)" hello
	peer=$(msgpass stat --json --pid $server | field peer)
	equal "$(echo hello | msgpass call --peer "$peer")" hello
	ends_serving $server
	exits 5 msgpass call --pid $server </dev/null
}

an_empty_call_and_an_empty_reply_go_through() {
	msgpass create "$box"
	msgpass serve --count 2 "$box" -- wc -c &
	equal "$(msgpass call "$box" </dev/null)" 0
	echo x | exits 0 msgpass call "$box"
	ends $! 0
	msgpass serve --count 1 "$box" -- true &
	echo hello | exits 0 msgpass call "$box"
	equal "$(wc -c <"$tmp/out")" 0
	ends $! 0
}

a_command_is_told_who_calls() {
	msgpass create "$box"
	# shellcheck disable=SC2016 # for the inner shell
	MSGPASS_PID=wrong msgpass serve --count 1 "$box" -- sh -c \
		'echo $MSGPASS_PID $MSGPASS_UID $MSGPASS_GID $MSGPASS_TYPE $MSGPASS_PEER' &
	server=$!
	msgpass call --type 7 "$box" </dev/null >"$tmp/out" &
	caller=$!
	ends $caller 0
	ends $server 0
	grep -qx "$caller $(id -u) $(id -g) 7 [1-9][0-9]*" "$tmp/out"
}

a_long_request_and_a_long_reply_pass_at_once() {
	data 1 150000
	msgpass create "$box" --message-max 1M --capacity-bytes 4M
	msgpass serve --count 1 "$box" -- cat &
	msgpass call "$box" <"$tmp/data" >"$tmp/out"
	ends $! 0
	same_file "$tmp/data" "$tmp/out"
}

a_command_may_leave_its_input() {
	data 1 150000
	msgpass create "$box" --message-max 1M --capacity-bytes 4M
	msgpass serve --count 1 "$box" -- head -n 1 &
	equal "$(msgpass call "$box" <"$tmp/data")" 1
	ends $! 0
}

a_command_that_fails_leaves_the_caller_without_a_reply() {
	msgpass create "$box"
	msgpass serve --count 3 "$box" -- sh -c 'cat; exit 3' 2>"$tmp/server" &
	server=$!
	echo x | exits 8 msgpass call "$box"
	equal "$(cat "$tmp/out")" ""
	says EPIPE
	grep -q "'sh' failed with exit status 3; the call of process .* is given up" "$tmp/server"
	echo x | exits 8 msgpass call "$box"
	echo x | exits 8 msgpass call "$box"
	ends $server 0
	# shellcheck disable=SC2016
	msgpass serve --count 1 "$box" -- sh -c 'kill -9 $$' 2>"$tmp/server" &
	echo x | exits 8 msgpass call "$box"
	ends $! 0
	grep -q "ended by signal 9" "$tmp/server"
}

a_command_that_is_not_there_is_told() {
	msgpass create "$box"
	msgpass serve --count 1 "$box" -- ./no-such-command 2>"$tmp/server" &
	echo x | exits 8 msgpass call "$box"
	ends $! 0
	grep -q "cannot run './no-such-command'.*ENOENT" "$tmp/server"
}

a_reply_too_long_for_a_message_is_none() {
	msgpass create "$box"
	msgpass serve --count 1 "$box" -- cat /dev/zero 2>"$tmp/server" &
	echo x | exits 8 msgpass call "$box"
	ends $! 0
	grep -q EMSGSIZE "$tmp/server"
}

a_call_without_a_reply_in_time_exits_with_4() {
	msgpass create "$box"
	exits 4 msgpass call --timeout 0.05 "$box" </dev/null
	says "ETIMEDOUT.*--timeout"
	empty
	mkfifo "$tmp/fifo"
	msgpass serve --count 1 "$box" -- cat "$tmp/fifo" 2>"$tmp/server" &
	until_true box_has receivers_waiting 1
	exits 4 msgpass call --timeout 0.5 "$box" </dev/null
	echo late >"$tmp/fifo"
	ends $! 0
	grep -q "waited no more" "$tmp/server"
}

a_call_whose_server_dies_exits_with_8() {
	msgpass create "$box"
	mkfifo "$tmp/fifo"
	msgpass serve "$box" -- cat "$tmp/fifo" &
	server=$!
	echo x | msgpass call "$box" 2>"$tmp/said" &
	until_true box_has received 1
	kill -9 $server
	ends $! 8
	says EPIPE
	wait $server || :
	: >"$tmp/fifo" &
}

a_call_whose_box_is_deleted_exits_with_8() {
	msgpass create "$box"
	echo x | msgpass call "$box" 2>"$tmp/said" &
	until_true box_has queued 1
	msgpass rm "$box"
	ends $! 8
	says EPIPE
}

a_request_too_long_exits_with_9() {
	msgpass create "$box" --message-max 10
	echo 0123456789 | exits 9 msgpass call "$box"
	says EMSGSIZE
	empty
}

a_call_to_nobody_exits_with_5() {
	exits 5 msgpass call "$box" </dev/null
	exits 5 msgpass serve "$box" -- cat
}

a_server_that_ends_gives_up_what_it_has_begun() {
	msgpass create "$box"
	mkfifo "$tmp/fifo"
	# shellcheck disable=SC2016
	msgpass serve "$box" -- sh -c 'echo $$ >"$0/pid"; exec cat "$0/fifo"' "$tmp" &
	server=$!
	echo x | msgpass call "$box" 2>"$tmp/said" &
	caller=$!
	until_true test -s "$tmp/pid"
	ends_serving $server
	ends $caller 8
	# its command too
	until_true eval "! kill -0 $(cat "$tmp/pid")"
}

calls_are_served_in_parallel() {
	msgpass create "$box"
	mkfifo "$tmp/fifo1" "$tmp/fifo2"
	# shellcheck disable=SC2016
	msgpass serve --parallel 2 --count 2 "$box" -- sh -c 'read -r n && cat "$0/fifo$n"' "$tmp" &
	server=$!
	until_true box_has receivers_waiting 2
	echo 1 | msgpass call "$box" >"$tmp/out1" &
	first=$!
	echo 2 | msgpass call "$box" >"$tmp/out2" &
	second=$!
	until_true box_has received 2
	echo two >"$tmp/fifo2"
	ends $second 0
	echo one >"$tmp/fifo1"
	ends $first 0
	ends $server 0
	equal "$(cat "$tmp/out1" "$tmp/out2")" "$(printf 'one\ntwo')"
}

without_parallel_the_second_call_waits() {
	msgpass create "$box"
	mkfifo "$tmp/fifo"
	msgpass serve --count 2 "$box" -- cat "$tmp/fifo" &
	server=$!
	msgpass call "$box" </dev/null >"$tmp/out1" &
	first=$!
	until_true box_has received 1
	msgpass call "$box" </dev/null >"$tmp/out2" &
	second=$!
	until_true box_has queued 1
	echo one >"$tmp/fifo"
	ends $first 0
	echo two >"$tmp/fifo"
	ends $second 0
	ends $server 0
	equal "$(cat "$tmp/out1" "$tmp/out2")" "$(printf 'one\ntwo')"
}

no_more_calls_are_received_than_counted() {
	msgpass create "$box"
	for i in 1 2 3; do echo $i | msgpass send "$box"; done
	equal "$(msgpass serve --parallel 5 --count 2 "$box" -- cat | sort | tr '\n' ' ')" "1 2 "
	box_has queued 1
}

a_message_that_is_no_call_is_run_for_too() {
	msgpass create "$box"
	printf hello | msgpass send --type 3 "$box"
	# shellcheck disable=SC2016
	equal "$(msgpass serve --count 1 "$box" -- sh -c 'cat; echo " $MSGPASS_TYPE"')" "hello 3"
}

a_server_ends_when_its_box_is_deleted() {
	msgpass create "$box"
	msgpass serve --parallel 3 "$box" -- cat 2>"$tmp/said" &
	until_true box_has receivers_waiting 3
	msgpass rm "$box"
	ends $! 8
	equal "$(grep -c EPIPE "$tmp/said")" 1
	says "was deleted (EPIPE), and so its server ends.*msgpass create $box$"
}

what_was_replied_is_told() {
	msgpass create "$box"
	msgpass serve --count 2 "$box" -- cat &
	echo hello | exits 0 msgpass call --json "$box"
	equal "$(field length <"$tmp/said")" 6
	echo hello | exits 0 msgpass call --verbose "$box"
	says "^length  *6$"
	ends $! 0
}

a_reply_that_can_not_be_written_is_told() {
	msgpass create "$box"
	msgpass serve --count 1 "$box" -- cat &
	code=0
	echo hello | msgpass call "$box" >/dev/full 2>"$tmp/said" || code=$?
	equal $code 1
	says "is lost"
	ends $! 0
}

other_users_may_call_an_open_process() {
	need_users
	# shellcheck disable=SC2016
	msgpass serve --any --mode 0202 -- sh -c 'echo $MSGPASS_UID' 2>"$tmp/server" &
	server=$!
	until_true grep -q serves "$tmp/server"
	equal "$(as mother "msgpass call --pid $server" </dev/null)" "$(id -u mother)"
	ends_serving $server
	msgpass serve --any -- cat 2>"$tmp/server" &
	server=$!
	until_true grep -q serves "$tmp/server"
	exits 6 as mother "msgpass call --pid $server" </dev/null
	ends_serving $server
}

# --- streams

a_stream_goes_through_a_box() {
	data 1 100000
	msgpass create "$box"
	msgpass send --json "$box" <"$tmp/data" 2>"$tmp/sent"
	equal "$(field bytes <"$tmp/sent")" "$(wc -c <"$tmp/data")"
	exits 0 msgpass recv --json "$box"
	same_file "$tmp/data" "$tmp/out"
	equal "$(field length <"$tmp/said")" "$(wc -c <"$tmp/data")"
	equal "$(field pieces <"$tmp/said")" "$(field messages <"$tmp/sent")"
	empty
}

what_fits_one_piece_is_one_message() {
	msgpass create "$box"
	for size in $((piece - 1)) $piece; do
		head -c $size /dev/zero | msgpass send "$box"
		box_has queued 1
		equal "$(msgpass recv "$box" | wc -c)" $size
	done
	head -c $((piece + 1)) /dev/zero | msgpass send "$box"
	box_has queued 3
	equal "$(msgpass recv "$box" | wc -c)" $((piece + 1))
	empty
}

pieces_are_no_longer_than_the_box_allows() {
	data 1 1000
	msgpass create "$box" --message-max 100
	msgpass send "$box" <"$tmp/data"
	box_has queued 40
	msgpass recv "$box" >"$tmp/out"
	same_file "$tmp/data" "$tmp/out"
}

a_stream_goes_through_a_box_for_one_message() {
	data 1 100000
	msgpass create "$box" --capacity 1
	msgpass send "$box" <"$tmp/data" &
	msgpass recv "$box" >"$tmp/out"
	ends $! 0
	same_file "$tmp/data" "$tmp/out"
}

a_stream_goes_to_a_process() {
	data 1 300000
	msgpass recv --any >"$tmp/out" &
	msgpass send --pid $! <"$tmp/data"
	ends $! 0
	same_file "$tmp/data" "$tmp/out"
}

a_pipeline_joins_what_a_pipeline_cut() {
	data 1 50000
	msgpass create "$box"
	tar c -C "$tmp" data | msgpass send "$box" &
	mkdir "$tmp/there"
	msgpass recv "$box" | tar x -C "$tmp/there"
	ends $! 0
	same_file "$tmp/data" "$tmp/there/data"
}

interleaved_streams_are_not_mixed() {
	data 1 60000
	msgpass create "$box"
	begin_stream
	seq 100001 150000 >"$tmp/other"
	msgpass send "$box" <"$tmp/other"
	tail -c +$((2 * piece + 1)) "$tmp/data" >&9
	exec 9>&-
	ends $sender 0
	msgpass recv "$box" >"$tmp/out"
	same_file "$tmp/data" "$tmp/out"
	msgpass recv "$box" >"$tmp/out"
	same_file "$tmp/other" "$tmp/out"
	empty
}

two_receivers_get_a_whole_stream_each() {
	data 1 60000
	seq 100001 150000 >"$tmp/other"
	msgpass create "$box" --capacity 8
	msgpass recv "$box" >"$tmp/out1" &
	receiver1=$!
	msgpass recv "$box" >"$tmp/out2" &
	receiver2=$!
	msgpass send "$box" <"$tmp/data" &
	msgpass send "$box" <"$tmp/other"
	ends $! 0
	ends $receiver1 0
	ends $receiver2 0
	cmp -s "$tmp/out1" "$tmp/data" || mv "$tmp/out1" "$tmp/swap"
	if [ -e "$tmp/swap" ]; then
		mv "$tmp/out2" "$tmp/out1"
		mv "$tmp/swap" "$tmp/out2"
	fi
	same_file "$tmp/data" "$tmp/out1"
	same_file "$tmp/other" "$tmp/out2"
}

pieces_of_a_stream_are_left_to_its_receiver() {
	data 1 60000
	msgpass create "$box"
	msgpass send "$box" <"$tmp/data"
	msgpass recv --type $start "$box" >"$tmp/joined"
	exits 3 msgpass recv --nonblock "$box"
	echo hello | msgpass send "$box"
	equal "$(msgpass recv --nonblock "$box")" hello
	msgpass recv --all --message "$box" >>"$tmp/joined"
	same_file "$tmp/data" "$tmp/joined"
}

a_crowded_box_is_told_of() {
	data 1 60000
	msgpass create "$box" --capacity 3
	begin_stream
	echo other | msgpass send "$box"
	tail -c +$((2 * piece + 1)) "$tmp/data" >&9 &
	exec 9>&-
	until_true box_has senders_waiting 1
	msgpass set "$box" --capacity 1
	msgpass recv "$box" >"$tmp/out" 2>"$tmp/said" &
	receiver=$!
	until_true says "full of other messages"
	equal "$(msgpass recv "$box")" other
	ends $receiver 0
	ends $sender 0
	same_file "$tmp/data" "$tmp/out"
}

a_stream_whose_sender_was_killed_fails() {
	data 1 60000
	msgpass create "$box"
	begin_stream
	kill -9 $sender
	exits 8 msgpass recv "$box"
	says "not whole"
	head -c $((2 * piece)) "$tmp/data" >"$tmp/begun"
	same_file "$tmp/begun" "$tmp/out"
	empty
}

a_waiting_receiver_learns_that_the_sender_was_killed() {
	data 1 60000
	msgpass create "$box"
	begin_stream
	msgpass recv "$box" >"$tmp/out" 2>"$tmp/said" &
	receiver=$!
	until_true box_has receivers_waiting 1
	kill -9 $sender
	ends $receiver 8
	says "not whole"
}

a_direct_stream_whose_sender_was_killed_fails() {
	data 1 60000
	mkfifo "$tmp/fifo"
	msgpass recv --any >"$tmp/out" 2>"$tmp/said" &
	receiver=$!
	msgpass send --pid $receiver <"$tmp/fifo" &
	exec 9>"$tmp/fifo"
	head -c $((2 * piece)) "$tmp/data" >&9
	until_true inbox_has $receiver received 2
	kill -9 $!
	ends $receiver 8
	says "not whole"
}

a_sender_learns_that_the_receiver_was_killed() {
	mkfifo "$tmp/fifo"
	msgpass recv --any >/dev/null &
	receiver=$!
	msgpass send --pid $receiver <"$tmp/fifo" 2>"$tmp/said" &
	exec 9>"$tmp/fifo"
	head -c $((2 * piece)) /dev/zero >&9
	until_true inbox_has $receiver received 2
	kill -9 $receiver
	wait $receiver || :
	head -c $piece /dev/zero >&9
	ends $! 8
	says "broke off"
}

a_stream_may_time_out_in_its_middle() {
	data 1 60000
	msgpass create "$box"
	begin_stream
	exits 4 msgpass recv --timeout 0.1 "$box"
	says "not whole"
}

a_stream_ends_when_its_box_is_deleted() {
	data 1 60000
	msgpass create "$box"
	begin_stream
	msgpass recv "$box" >"$tmp/out" 2>"$tmp/said" &
	receiver=$!
	until_true box_has received 2
	msgpass rm "$box"
	ends $receiver 8
	says "was deleted"
}

a_stream_waits_for_quota() {
	need_users
	limit=/sys/module/msgpass/parameters/user_bytes
	old=$(cat $limit)
	trap 'echo $old >$limit; clean_up' EXIT
	data 1 100000
	msgpass create "$box" --mode 0666
	echo 300000 >$limit
	as father "msgpass send $box" <"$tmp/data" 2>"$tmp/noticed" &
	until_true grep -q EDQUOT "$tmp/noticed"
	head -c 500000 /dev/zero | exits 7 as father "msgpass send --message $box"
	says EDQUOT
	exits 0 msgpass recv "$box"
	ends $! 0
	same_file "$tmp/data" "$tmp/out"
}

# --- errors

wrong_usage_exits_with_2() {
	exits 2 msgpass
	exits 2 msgpass nonsense
	exits 2 msgpass send
	exits 2 msgpass send "$box" --pid 1
	exits 2 msgpass recv "$box" --nonsense
	exits 2 msgpass recv "$box" --capacity
	exits 2 msgpass recv "$box" --exclusive
	exits 2 msgpass recv "$box" --timeout soon
	exits 2 msgpass recv "$box" --type 1 --type-up-to 2
	exits 2 msgpass send "$box" --type $start
	exits 2 msgpass send "$box" --lines --message
	exits 2 msgpass send "$box" --synchronous --receipt
	exits 2 msgpass send "$box" --tries 0
	exits 2 msgpass send "$box" --fd 0 --lines
	exits 2 msgpass recv --fds "$box"
	exits 2 msgpass recv --fds --all "$box" -- cat
	exits 2 msgpass send "$box" --lifetime 0q
	exits 2 msgpass send "$box" --lifetime 5ms
	exits 2 msgpass create "$box" --mode 8
	exits 2 msgpass create "$box" --capacity-bytes 1T
	exits 2 msgpass create "$box" --owner nobody-of-this-name
	exits 2 msgpass create --bound "$box"
	exits 2 msgpass create "$box" -- true
	exits 2 msgpass give "$box"
	exits 2 msgpass give "$box" --pid 1 --cancel
	exits 2 msgpass give --pid 1
	exits 2 msgpass accept
	exits 2 msgpass call
	exits 2 msgpass call "$box" --any
	exits 2 msgpass call "$box" --type $start
	exits 2 msgpass serve "$box"
	exits 2 msgpass serve --any
	exits 2 msgpass serve --parallel 0 "$box" -- cat
	exits 2 msgpass serve "$box" --mode 0202 -- cat
	exits 2 msgpass ls --names --json
	says "msgpass help ls"
}

what_would_block_exits_with_3() {
	msgpass create "$box" --capacity 1
	exits 3 msgpass recv --nonblock "$box"
	says EAGAIN
	echo x | exits 0 msgpass send --nonblock "$box"
	echo x | exits 3 msgpass send --nonblock "$box"
	says "'$box' is full (EAGAIN)"
	exits 3 msgpass recv --any --nonblock
}

what_takes_too_long_exits_with_4() {
	msgpass create "$box" --capacity 1
	exits 4 msgpass recv --timeout 0.05 "$box"
	says ETIMEDOUT
	exits 4 msgpass recv --timeout 0 "$box"
	echo x | exits 0 msgpass send --timeout 10 "$box"
	echo x | exits 4 msgpass send --timeout 0.05 "$box"
	exits 4 msgpass recv --any --timeout 0.05
}

what_is_not_there_exits_with_5() {
	exits 5 msgpass recv "$box"
	says "msgpass create $box"
	exits 5 msgpass send "$box" </dev/null
	exits 5 msgpass set "$box" --capacity 2
	exits 5 msgpass rm "$box"
	sh -c 'exit' &
	wait $!
	exits 5 msgpass send --pid $! </dev/null
	says ESRCH
	exits 5 msgpass recv --pid $!
	exits 5 msgpass stat --pid $!
}

a_box_deleted_meanwhile_exits_with_8() {
	msgpass create "$box"
	msgpass recv "$box" 2>"$tmp/said" &
	until_true box_has receivers_waiting 1
	msgpass rm "$box"
	ends $! 8
	says EPIPE
}

a_message_too_long_exits_with_9() {
	msgpass create "$box" --message-max 10
	echo 0123456789 | exits 9 msgpass send --message "$box"
	says EMSGSIZE
	empty
	printf 0123456789 | exits 0 msgpass send --message "$box"
	equal "$(msgpass recv "$box")" 0123456789
}

what_can_not_be_written_is_told() {
	msgpass create "$box"
	echo hello | msgpass send "$box"
	code=0
	msgpass recv "$box" >/dev/full 2>"$tmp/said" || code=$?
	equal $code 1
	says "6 bytes .* are lost"
	empty
}

nothing_is_received_for_a_closed_output() {
	msgpass create "$box"
	echo hello | msgpass send "$box"
	code=0
	msgpass recv "$box" >&- 2>"$tmp/said" || code=$?
	equal $code 1
	says "nothing was received"
	box_has queued 1
}

what_can_not_be_read_is_told() {
	msgpass create "$box"
	exits 1 msgpass send "$box" </
	says "cannot read standard input"
	exits 1 msgpass send --message "$box" </
	empty
}

# --- other users

need_users() {
	id father >/dev/null 2>&1 && id mother >/dev/null 2>&1 && return
	echo "there are no users father and mother"
	exit 4
}

others_do_what_the_mode_lets_them() {
	need_users
	msgpass create "$box" --owner father --mode 0602
	echo hello | as mother "msgpass send $box"
	exits 6 as mother "msgpass recv $box"
	says "EACCES.*for everyone with: msgpass set $box --mode 0644$"
	exits 6 as mother "msgpass rm $box"
	exits 6 as mother "msgpass set $box --mode 0666"
	says EPERM
	exits 0 as father "msgpass recv --json $box"
	equal "$(cat "$tmp/out")" hello
	equal "$(field uid <"$tmp/said")" "$(id -u mother)"
	as father "msgpass set $box --mode 0600"
	exits 6 as mother "msgpass send $box" </dev/null
	says "EACCES.*for everyone with: msgpass set $box --mode 0622$"
	exits 5 as mother "msgpass stat $box"
	exits 0 as father "msgpass rm $box"
}

the_death_of_another_users_process_is_noticed() {
	need_users
	data 1 60000
	mkfifo "$tmp/fifo"
	msgpass create "$box" --owner father --mode 0622
	as mother "exec msgpass send $box" <"$tmp/fifo" &
	exec 9>"$tmp/fifo"
	head -c $((2 * piece)) "$tmp/data" >&9
	until_true box_has sent 2
	exits 0 msgpass recv --json --peek "$box"
	sender=$(field pid <"$tmp/said")
	as father "exec msgpass recv $box" >"$tmp/out" 2>"$tmp/said" &
	until_true box_has receivers_waiting 1
	kill -9 "$sender"
	ends $! 8
	says "not whole"
}

other_users_processes_take_nothing_unless_open() {
	need_users
	msgpass recv --any --timeout 10 >"$tmp/out" &
	until_true inbox_has $! receivers_waiting 1
	exits 6 as mother "msgpass send --pid $!" </dev/null
	says "EPERM.*--mode 0202"
	exits 5 as mother "msgpass stat --pid $!"
	kill $!
	wait $! || :
	msgpass recv --any --mode 0202 >"$tmp/out" &
	until_true inbox_has $! receivers_waiting 1
	echo hello | as mother "msgpass send --pid $!"
	ends $! 0
	equal "$(cat "$tmp/out")" hello
}

# --- listings

boxes_are_listed() {
	msgpass create "$box" --mode 0620 --capacity 5
	echo hello | msgpass send "$box"
	msgpass ls >"$tmp/out"
	grep -q "^0620 root  *root  *1  *5  *6  *0  *0  *- queue  *$box$" "$tmp/out"
	msgpass ls --names | grep -qx "$box"
	msgpass ls --json >"$tmp/json"
	grep -q "\"name\": \"$box\", .*\"queued\": 1," "$tmp/json"
}

boxes_that_others_hide_are_counted() {
	need_users
	msgpass create "$box" --mode 0600
	exits 0 as mother "msgpass ls"
	says "^msgpass: mailboxes hidden from you: [1-9][0-9]*; their modes let you neither send nor receive$"
	# not where a program reads, and not where none is
	exits 0 as mother "msgpass ls --names"
	equal "" "$(cat "$tmp/out" "$tmp/said")"
	exits 0 as mother "msgpass ls --json"
	equal "" "$(cat "$tmp/said")"
	exits 0 msgpass ls
	equal "" "$(cat "$tmp/said")"
}

inboxes_and_links_are_listed() {
	msgpass recv --any --type 5 >/dev/null &
	receiver=$!
	echo x | msgpass send --pid $receiver
	msgpass ls --inboxes | grep -q " $receiver  *"
	msgpass ls --json --inboxes --links --mailboxes >"$tmp/json"
	grep -q '"mailboxes": \[' "$tmp/json"
	grep -q "\"pid\": $receiver, .*\"queued\": 1," "$tmp/json"
	grep -q "\"to_pid\": $receiver, .*\"queued\": 1," "$tmp/json"
	msgpass ls --links | grep -q " $receiver  *1 "
	echo x | msgpass send --type 5 --pid $receiver
	ends $receiver 0
}

# link_tells NAME VALUE: of $link
link_tells() {
	msgpass stat --link "$link" >"$tmp/out"
	grep -q "^$1  *$2\$" "$tmp/out" && return
	echo "not told: $1 $2; but:"
	cat "$tmp/out"
	return 1
}

a_link_is_told_of_by_pids_or_peer_ids() {
	msgpass recv --any --type 5 >/dev/null &
	receiver=$!
	mkfifo "$tmp/lines"
	msgpass send --lines --pid $receiver <"$tmp/lines" &
	sender=$!
	exec 9>"$tmp/lines"
	printf 'one\nthree\n' >&9
	link=$sender:$receiver
	until_true link_tells sent 2
	link_tells sent_bytes 10
	link_tells received 0
	link_tells queued_max 2
	link_tells from_pid $sender
	msgpass stat --json --link "$link" >"$tmp/json"
	link=$(sed 's/.*"from_peer": \([0-9]*\), .*"to_peer": \([0-9]*\), .*/\1:\2/' "$tmp/json")
	link_tells to_pid $receiver
	exits 5 msgpass stat --link "$receiver:$sender"
	says "there is no link from process $receiver to process $sender"
	exits 2 msgpass stat --link $sender
	says "as FROM:TO, two pids or peer ids"
	exits 2 msgpass stat --link "$link" --pid $sender
	says "just one mailbox, process or link"
	exec 9>&-
	ends $sender 0
	echo x | msgpass send --type 5 --pid $receiver
	ends $receiver 0
}

any_name_is_valid_json_and_harmless_on_a_terminal() {
	name=$(printf '%s"\\\303\274\377\302\233' "$box")
	msgpass create "$name"
	json=$(msgpass stat --json "$name" | sed 's/.*"name": //; s/, "id".*//')
	table=$(msgpass ls | grep "$box" | sed 's/.* //')
	msgpass ls --names | grep -qxF "$name"
	exits 10 msgpass create --exclusive "$name"
	msgpass rm "$name"
	equal "$json" "$(printf '"%s\\"\\\\\303\274\\udcff\\u009b"' "$box")"
	equal "$table" "$(printf '%s"\\\303\274\\xff\\xc2\\x9b' "$box")"
	says "xff.xc2.x9b"
}

limits_are_told() {
	msgpass info >"$tmp/out"
	grep -q '^message_max  *[1-9]' "$tmp/out"
	[ "$(msgpass info --json | field user_bytes_max)" -gt 0 ]
}

progress_is_shown_when_asked_for() {
	data 1 50000
	msgpass create "$box"
	exits 0 msgpass send "$box" <"$tmp/data"
	equal "" "$(cat "$tmp/said")"
	exits 0 msgpass recv --progress "$box"
	says "282.1 KiB, .*/s"
	same_file "$tmp/data" "$tmp/out"
}

every_verb_has_help() {
	msgpass help >"$tmp/help"
	for verb in create send recv call serve ls stat set give accept rm info trace help; do
		grep -q "^  $verb " "$tmp/help"
		msgpass help $verb | grep -q "^usage: msgpass $verb "
		msgpass $verb --help | grep -q "^usage: msgpass $verb "
	done
	msgpass --version | grep -q "^msgpass [0-9]"
}

a_full_disk_is_no_success() {
	code=0
	msgpass help >/dev/full 2>"$tmp/said" || code=$?
	equal $code 1
	says "cannot write"
}

# --- running them

need_module
run_tests
