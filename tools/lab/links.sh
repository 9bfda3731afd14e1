# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2154
# made by the first message, one for each sender, with room and an order of its own

predict() {
	say "Bob gives each link to him room for two messages. Alice sends three: her third has
		to wait. Carol's link is another, so her message does not wait behind alice's."
}

experiment() {
	born bob
	as bob 'msgpass recv --any --capacity 2 --type 7'
	until_inbox bob receivers_waiting 1 "bob waits for a message of type 7"
	as alice "seq 3 | msgpass send --lines --pid $bob"
	until_inbox bob senders_waiting 1 "alice waits for room in her link"
	as carol "msgpass send --pid $bob" 'hello from carol'
	ends carol
	run 'msgpass ls --links'
	as carol "msgpass send --type 7 --pid $bob" 'and this is what you wait for'
	ends carol
	ends bob
	ends alice 8
}

sources() {
	source_of link_lock "finds the link, or makes it"
	source_of has_room "is there room in it?"
	source_of msgpass_port_send "if not, the sender waits in it"
	source_of queue_fail_senders "and is told when it goes, as alice was when bob ended"
}

question() {
	say "There is a link from alice to bob. Is there one from bob to alice, too?"
}

variant() {
	born alice bob
	as carol "msgpass send --pid $bob" 'one way'
	ends carol
	as dave "msgpass send --pid $alice" 'and another'
	ends dave
	run 'msgpass ls --links'
	as bob "msgpass send --pid $alice" 'back'
	ends bob
	run 'msgpass ls --links'
	as alice 'msgpass recv --any --count 2'
	ends alice
}

answer() {
	say "A link has a direction, and is there when there is a message for it. Two processes
		that write to each other have two."
	source_of link_unused "and when nobody needs it, it goes"
}
