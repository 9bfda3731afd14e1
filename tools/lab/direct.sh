# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2154
# a message to a process, which it finds when it asks

predict() {
	say "Bob has not asked for messages, and never opened the device. Alice sends to his
		pid. She is done at once: a link from her to him is made for the message, which
		waits in his inbox until he receives it."
}

experiment() {
	born bob
	as alice "msgpass send --pid $bob" 'hello, bob'
	ends alice
	run 'msgpass ls --links'
	as bob 'msgpass recv --any'
	ends bob
	expect "bob has the message" printed bob 'hello, bob'
}

sources() {
	source_of msgpass_direct_receiver "whose pid is that?"
	source_of link_new "the first message makes the link"
	source_of msgpass_port_send "there is room in it, so alice need not wait"
	source_of msgpass_direct_receive "bob takes what is there"
}

question() {
	say "Bob dies before he has received the message. Where is it, and what does the next
		sender learn?"
}

variant() {
	born bob
	as alice "msgpass send --receipt --pid $bob" 'are you there?'
	until_inbox bob queued 1 "the message is in bob's inbox"
	kills bob
	ends alice 11
	as carol "msgpass send --pid $bob" 'are you there?'
	ends carol 5
}

answer() {
	say "An inbox dies with its process, and the messages in it are dropped: who asked for a
		receipt, as alice did, is told. After that nobody has that pid (ESRCH), and carol's
		message goes nowhere."
	source_of inbox_died "closes the inbox, and drops what is in it"
}
