#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The module goes with all that is queued, and with the timers that are pending.
#
# Whatever other mailboxes there are would go with it, so this runs in the test VM alone. Of
# what a timer does after its code is gone the kernel's log tells.

box=unload-test-$$

if [ ! -e /vm/modparams ] || [ "$(id -u)" != 0 ]; then
	echo "1..0 # SKIP it is for the test VM"
	exit 4
fi

# result STATUS NUMBER SENTENCE
result() {
	if [ "$1" = 0 ]; then
		echo "ok $2 - $3"
	else
		echo "not ok $2 - $3"
		failed=1
	fi
}

# Until the last file is closed, which is deferred.
unload() {
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		rmmod msgpass 2>/dev/null && return
		sleep 0.2
	done
	rmmod msgpass
}

load() {
	read -r parameters </vm/modparams
	# shellcheck disable=SC2086 # several of them
	modprobe msgpass $parameters
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

echo "TAP version 13"
echo "1..3"
failed=0
fill
result $? 1 "messages with lifetimes are queued"
unload
result $? 2 "the module goes although they are"
# Their timers would have come by now.
sleep 1
load
result $? 3 "the module comes back"
exit $failed
