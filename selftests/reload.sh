#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The module goes and comes back a hundred times while it is used: four processes open the
# device, send and receive, and close it again. Whatever is left behind at rmmod shows in the
# kernel's log, where the module says so, and so does a crash.

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

# Of what helper_reload says.
figure() {
	echo "$told" | sed "s/.*\<$1 \([0-9]*\).*/\1/"
}

echo "TAP version 13"
echo "1..4"
failed=0
read -r parameters </vm/modparams
told=$(./helper_reload 100 "/usr/lib/modules/$(uname -r)/updates/msgpass.ko" "$parameters")
echo "# $told"
[ "$(figure reloaded)" = 100 ]
result $? 1 "the module was unloaded and loaded a hundred times"
[ "$(figure busy)" -gt 0 ]
result $? 2 "it did not go while it was in use"
[ "$(figure sent)" -gt 100 ] && [ "$(figure received)" -gt 100 ]
result $? 3 "it was used all the while"
[ "$(figure wrong)" = 0 ]
result $? 4 "who used it saw it there or not there, and nothing else"
exit $failed
