# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2154
# the sender waits until its message is in the receiver's hands

predict() {
	say "The mailbox has capacity 0: no message can lie in it. Alice sends, and waits. When
		bob receives, the message passes from her to him, and both go on."
}

experiment() {
	box --capacity 0 lab-meeting
	as alice 'msgpass send lab-meeting' 'shake hands'
	until_box lab-meeting senders_waiting 1 "alice waits for a receiver"
	as bob 'msgpass recv lab-meeting'
	ends bob
	ends alice
	expect "bob has the message" printed bob 'shake hands'
}

sources() {
	source_of send_and_wait "alice's message is there to be seen, and she waits with it"
	source_of msgpass_port_settle "bob has copied it: she may go"
	source_of end_rendezvous "and is told so"
}

question() {
	say "What if bob comes first? Who waits, and for how long does alice?"
}

variant() {
	box --capacity 0 lab-meeting
	as bob 'msgpass recv lab-meeting'
	until_box lab-meeting receivers_waiting 1 "bob waits for a sender"
	as alice 'msgpass send lab-meeting' 'shake hands'
	ends alice
	ends bob
}

answer() {
	say "Then bob waits, and alice hands him the message as she comes. She waits only until
		he has copied it out: had that failed, her send would have, too. On a mailbox with
		room, send --synchronous does the same."
	source_of offer "the first waiting receiver is given the message"
}
