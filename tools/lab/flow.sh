# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2154
# a message that is longer than the buffer

# The textbook's 2 GB and 1 GB, or a 128th of the memory here, at most 64 MB, and half of that.
sizes() {
	message=$(awk '/^MemTotal:/ { mb = int($2 / 128 / 1024 / 2) * 2; print (mb < 64 ? mb : 64) }' /proc/meminfo)
	[ -z "$real" ] || message=2048
	buffer=$((message / 2))
	free=$(df -Pm . | awk 'NR == 2 { print $4 }')
	[ "$free" -gt "$message" ] ||
		oops "a file of $message MB does not fit into $PWD; a VM of 6 GB has room: make MEM=6G lab"
}

predict() {
	sizes
	say "A message of $message MB through a mailbox that holds $buffer MB, as one message. It
		flows out of the sender's memory into the receiver's, piece by piece, and is never
		in the mailbox. (--real takes the textbook's 2 GB and 1 GB.)"
}

experiment() {
	sizes
	truncate -s "${message}M" film
	echo 'the end' >>film
	run "msgpass info | grep message_max"
	box --capacity-bytes "${buffer}M" lab-narrow
	as alice "msgpass send --flow --no-progress lab-narrow <film"
	until_box lab-narrow queued 1 "alice waits; one message is queued"
	expect "it takes no byte of the mailbox" stat_is 0 queued_bytes lab-narrow
	as bob "msgpass recv --no-progress lab-narrow | cmp - film && echo 'all of it'"
	ends bob
	ends alice
	expect "bob has every byte" printed bob 'all of it'
}

sources() {
	source_of msgpass_flow_attach "the message has no bytes, but knows where they are"
	source_of msgpass_flow_read "copies from the sender's pages to the receiver"
	source_of msgpass_flow_wait "the sender waits until all is through"
}

question() {
	say "Bob reads the beginning and goes away. What does alice learn?"
}

variant() {
	sizes
	truncate -s "${message}M" film
	box lab-narrow
	as alice "msgpass send --flow --no-progress lab-narrow <film"
	until_box lab-narrow queued 1 "alice waits"
	as bob 'msgpass recv --truncate 100 lab-narrow | wc -c'
	ends bob
	ends alice 8
}

answer() {
	say "How much of it was received: a flow that ends early is a short count. Who would send
		the rest knows where to go on."
	source_of msgpass_flow_end "how far it came"
}
