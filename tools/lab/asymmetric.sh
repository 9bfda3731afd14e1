# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2154
# the receiver names nobody

predict() {
	say "Alice and carol name bob. Bob names nobody: he takes what comes, in the order in
		which it was sent, and the stamp of each message tells him who sent it. No sender
		can forge that."
}

experiment() {
	born bob
	as alice "msgpass send --pid $bob" 'from alice'
	ends alice
	as carol "msgpass send --pid $bob" 'from carol'
	ends carol
	as bob 'msgpass recv --any --count 2 --verbose 2>stamps'
	ends bob
	run "grep '^pid' stamps"
	expect "bob knows alice's pid" grep -q "^pid  *$alice\$" stamps
	expect "and carol's" grep -q "^pid  *$carol\$" stamps
}

sources() {
	source_of msgpass_direct_receive "from pid 0, which is anybody"
	source_of msgpass_message_new "stamps the sender's identity on it"
}

question() {
	say "Bob's messages come from everybody. Whom may he refuse?"
}

variant() {
	is_root || return
	born bob
	as bob 'msgpass recv --any --mode 0200'
	until_inbox bob receivers_waiting 1 "bob waits"
	as carol "su nobody -s /bin/sh -c 'echo hello | msgpass send --pid $bob'"
	ends carol 6
	as alice "msgpass send --pid $bob" 'I may signal you'
	ends alice
	ends bob
}

answer() {
	say "An inbox has a mode. Who may send a process a signal may send it a message, too;
		its group and others only as far as the mode, 0222 at the most, lets them."
	source_of may_send "asks whether the sender may"
}
