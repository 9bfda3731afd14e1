# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2154
# sender and receiver name each other

predict() {
	say "Alice waits for a message from bob, and from nobody else. Carol's comes first. It
		stays where it is, and alice gets bob's."
}

experiment() {
	born alice bob
	as alice "msgpass recv --pid $bob"
	until_inbox alice receivers_waiting 1 "alice waits for bob"
	as carol "msgpass send --pid $alice" 'hello from carol'
	ends carol
	until_inbox alice queued 1 "carol's message is in alice's inbox, and alice still waits"
	as bob "msgpass send --pid $alice" 'hello from bob'
	ends bob
	ends alice
	expect "alice has bob's message" printed alice 'hello from bob'
}

sources() {
	source_of link_lock_from "receives from bob look at bob's link alone"
	source_of receiver_waits_for "is this a message that she waits for?"
}

question() {
	say "Now bob dies without having sent anything. For how long does alice wait?"
}

variant() {
	born alice bob
	as alice "msgpass recv --pid $bob"
	until_inbox alice receivers_waiting 1 "alice waits for bob"
	kills bob
	ends alice 8
}

answer() {
	say "No longer: a wait for one who is dead would never end, so it ends with EPIPE. Who
		waits for anybody goes on waiting."
	source_of inbox_died "ends the waits for him"
}
