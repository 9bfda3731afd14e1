# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2154
# N senders, M receivers: each message reaches one, and who waited longest is next

predict() {
	say "Three receivers come to a mailbox, one after the other, and wait. Three senders send
		one message each. The receivers get them in the order in which they came."
}

experiment() {
	box lab-counter
	for number in 1 2 3; do
		as "receiver$number" 'msgpass recv lab-counter'
		until_box lab-counter receivers_waiting "$number" "receiver$number waits"
	done
	for number in 1 2 3; do
		as "sender$number" 'msgpass send lab-counter' "from sender$number"
		ends "sender$number"
	done
	for number in 1 2 3; do
		ends "receiver$number"
		expect "receiver$number was served by sender$number" \
			printed "receiver$number" "from sender$number"
	done
}

sources() {
	source_of wait_for_message "who comes waits behind those who are there"
	source_of offer "the first of them whom the message suits gets it"
}

question() {
	say "The second receiver is killed while it waits. Who gets the second message?"
}

variant() {
	box lab-counter
	for number in 1 2 3; do
		as "receiver$number" 'msgpass recv lab-counter'
		until_box lab-counter receivers_waiting "$number" "receiver$number waits"
	done
	kills receiver2
	until_box lab-counter receivers_waiting 2 "two still wait"
	for number in 1 2; do
		as "sender$number" 'msgpass send lab-counter' "from sender$number"
		ends "sender$number"
	done
	ends receiver1
	ends receiver3
	expect "receiver3 has moved up" printed receiver3 'from sender2'
}

answer() {
	say "The third: who dies leaves the line. Had the message been handed to the second just
		before its death, and not been copied out, it would have gone back to its place in
		the queue. Nothing is lost with a receiver."
	source_of restore "puts back what could not be received"
}
