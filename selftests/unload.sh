#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The module goes with all that is queued, and with the timers that are pending. Of what a
# timer does after its code is gone the kernel's log tells.

# shellcheck source=selftests/helper_script.sh
. "$(dirname "$0")/helper_script.sh"
box=unload-test-$$
events=/sys/kernel/tracing/events/msgpass/enable

# Until the last file is closed, which is deferred.
unload() {
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		rmmod msgpass 2>/dev/null && return
		sleep 0.2
	done
	rmmod msgpass
}

# Messages with lifetimes that end before the module goes, while it does, and long after, in a
# mailbox and in the inbox of process 1, both of which stay.
fill() {
	msgpass create "$box" --capacity 1000 || return
	for i in 1 2 3 4 5 6 7 8 9; do
		for lifetime in 0.0$i 0.$i 3600; do
			echo "$i" | msgpass send --quiet --lifetime "$lifetime" "$box" || return
			echo "$i" | msgpass send --quiet --lifetime "$lifetime" --pid 1 || return
		done
	done
}

# The events of what is dropped then, and what they need, go with it.
trace() {
	[ ! -e "$events" ] || echo 1 >"$events"
}

need_vm
plan 3
fill
result $? "messages with lifetimes are queued"
trace
unload
result $? "the module goes although they are, and while it is traced"
# Their timers would have come by now.
sleep 1
read -r parameters </vm/modparams
# shellcheck disable=SC2086 # several of them
modprobe msgpass $parameters
result $? "the module comes back"
conclude
