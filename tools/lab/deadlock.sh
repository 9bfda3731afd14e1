# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2154
# two who would wait for each other for ever

predict() {
	say "Alice waits for a message from bob. Bob is about to wait for one from alice. Neither
		would ever send, so the wait that would close the circle is refused: bob gets
		EDEADLK."
}

experiment() {
	born alice bob
	as alice "msgpass recv --pid $bob"
	until_inbox alice receivers_waiting 1 "alice waits for bob"
	as bob "msgpass recv --pid $alice"
	ends bob 12
	ends alice 8
}

sources() {
	source_of msgpass_wait_edge_enter "follows who waits for whom, and finds the circle"
}

question() {
	say "Alice waits for bob, bob for carol, and carol for alice, but carol will wait for a
		tenth of a second only. Is that a deadlock?"
}

variant() {
	born alice bob carol
	as alice "msgpass recv --pid $bob"
	until_inbox alice receivers_waiting 1 "alice waits for bob"
	as bob "msgpass recv --pid $carol"
	until_inbox bob receivers_waiting 1 "bob waits for carol"
	as carol "msgpass recv --timeout 0.1 --pid $alice"
	ends carol 4
	ends bob 8
	ends alice 8
}

answer() {
	say "No: a wait with a deadline ends by itself. Carol gave up, and ended; so bob and alice
		were told that the one they waited for is gone. Without --timeout carol would have
		been refused at once, as bob was above."
	source_of msgpass_wait_edge_enter "a wait with a deadline never comes here"
}
