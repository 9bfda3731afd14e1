#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The programs of docs/examples do what they say.
#
# Runs as root with the module loaded, where the programs are: ./example_NAME. Every test is a
# function, and its name the sentence that the result line says; it fails at the first command
# that does.
#
# The functions are called by their names' being listed:
# shellcheck disable=SC2317

# shellcheck source=selftests/helper_script.sh
. "$(dirname "$0")/helper_script.sh"
box=examples-test-$$

# prints TEXT COMMAND...: it ends well, and this is all that it prints.
prints() {
	want=$1
	shift
	got=$(timeout 60 "$@")
	[ "$got" = "$want" ] && return
	printf '%s prints\n%s\nand not\n%s\n' "$*" "$got" "$want"
	return 1
}

# fails TEXT COMMAND...: it ends with 1, and says this.
fails() {
	want=$1 code=0
	shift
	timeout 60 "$@" 2>"$tmp/said" || code=$?
	[ "$code" = 1 ] && grep -qF "$want" "$tmp/said" && return
	echo "$* ends with $code and says $(cat "$tmp/said")"
	return 1
}

# box_has FIELD VALUE
box_has() {
	[ "$(msgpass stat "$box" | sed -n "s/^$1  *//p")" = "$2" ]
}

# --- the tests

two_processes_talk_by_pid() {
	timeout 60 ./example_exchange >"$tmp/out"
	grep -q '^[0-9]* received "how are you?" from [0-9]*$' "$tmp/out"
	grep -q '^[0-9]* received "fine, and you?" from [0-9]*$' "$tmp/out"
}

a_program_without_the_library_talks_to_itself() {
	timeout 60 ./example_ioctls | grep -q '^[0-9]* says hello$'
}

two_shells_chat() {
	mkfifo "$tmp/1" "$tmp/2"
	./example_chat <"$tmp/1" >"$tmp/heard1" &
	one=$!
	exec 8>"$tmp/1"
	./example_chat "$one" <"$tmp/2" >"$tmp/heard2" 8>&- &
	two=$!
	exec 9>"$tmp/2"
	echo "are you there?" >&9
	until_true grep -qx "$two: are you there?" "$tmp/heard1"
	echo "I am" >&8
	until_true grep -qx "$one: I am" "$tmp/heard2"
	exec 9>&-
	wait "$two"
	wait "$one"
	grep -qx "$two has left" "$tmp/heard1"
}

what_is_produced_is_consumed() {
	prints "2 producers made 10100, 3 consumers got 10100" ./example_bounded_buffer
}

a_pool_of_workers_does_all_jobs() {
	prints "168 primes below 1000
303 primes below 2000
430 primes below 3000" ./example_worker_pool 2 3
	[ "$(timeout 60 ./example_worker_pool 3 40 | wc -l)" = 40 ]
}

a_server_computes_and_says_what_it_can_not() {
	fails "no server has the mailbox '$box'" ./example_rpc_client "$box" 1 + 1
	./example_rpc_server "$box" &
	server=$!
	until_true msgpass stat "$box" >"$tmp/stat"
	prints 42 ./example_rpc_client "$box" 40 + 2
	prints -3 ./example_rpc_client "$box" -6 / 2
	fails "argument out of domain" ./example_rpc_client "$box" 6 / 0
	fails "result out of range" ./example_rpc_client "$box" 9223372036854775807 + 1
	fails "not supported" ./example_rpc_client "$box" 6 x 7
	kill "$server"
	wait "$server" || :
	fails "no server has" ./example_rpc_client "$box" 1 + 1
}

a_client_is_told_that_its_server_is_slow_or_dead() {
	./example_rpc_server "$box" &
	server=$!
	until_true msgpass stat "$box" >"$tmp/stat"
	kill -STOP "$server"
	fails "timed out" ./example_rpc_client "$box" 1 + 1
	(until_true box_has queued 1 && kill -9 "$server") &
	fails "the server died" ./example_rpc_client "$box" 1 + 1
}

a_loop_hears_every_mailbox() {
	prints "red: 3 messages, 15 bytes
green: 5 messages, 25 bytes
blue: 4 messages, 20 bytes" ./example_event_loop
}

all_subscribers_get_what_is_published() {
	fails "nobody has subscribed" ./example_publish "$box"
	./example_subscribe "$box" 3 >"$tmp/1" &
	./example_subscribe "$box" 2 >"$tmp/2" &
	until_true box_has subscribers 2
	seq 3 | timeout 60 ./example_publish "$box"
	wait
	[ "$(tr '\n' ' ' <"$tmp/1")" = "1 2 3 " ]
	[ "$(tr '\n' ' ' <"$tmp/2")" = "1 2 " ]
}

a_file_longer_than_any_message_comes_whole() {
	seq 400000 >"$tmp/file"
	./example_receive_file "$box" >"$tmp/got" &
	timeout 60 ./example_send_file "$box" "$tmp/file"
	wait $!
	cmp "$tmp/file" "$tmp/got"
	: >"$tmp/file"
	timeout 60 ./example_send_file "$box" "$tmp/file"
	prints "" ./example_receive_file "$box"
}

a_sender_is_told_that_the_receiver_left() {
	seq 400000 >"$tmp/file"
	./example_receive_file "$box" >/dev/full 2>"$tmp/said" &
	fails "the receiver took only" ./example_send_file "$box" "$tmp/file"
	! wait $!
}

memory_without_a_name_is_handed_over() {
	prints "the memory has: hello" ./example_pass_fd
}

what_was_not_received_is_sent_again() {
	prints "message 1: received, sent 1 times
message 2: expired, sent 3 times" ./example_receipts
}

the_most_urgent_comes_first() {
	prints "9 put out the fire
5 answer the phone
5 open the door
1 sweep the floor
1 water the flowers" ./example_priority_queue
}

two_who_both_listen_are_helped() {
	timeout 60 ./example_symmetric | sort >"$tmp/out"
	prints "one speaks first
the child heard of the parent
the parent heard of the child" cat "$tmp/out"
}

a_deadline_holds_however_often_it_is_interrupted() {
	prints "call 1: a reply
call 2: Connection timed out
call 3: Connection timed out" ./example_deadline
}

a_shell_script_shares_out_its_jobs() {
	for file in 1 2 3 4 5; do
		seq "$file" >"$tmp/$file"
	done
	sha256sum "$tmp"/? >"$tmp/want"
	timeout 60 ./example_jobs.sh 2 "$tmp"/? | sort -k 2 >"$tmp/got"
	cmp "$tmp/want" "$tmp/got"
}

every_program_is_tried() {
	for program in ./example_*; do
		grep -q "$program\( \|)\|\$\)" "$0" || { echo "nothing tries $program"; return 1; }
	done
}

# --- running them

need_module
run_tests
