# SPDX-License-Identifier: GPL-2.0
# Find in a kernel's log what no run may cause. For each test (or for the rest of the run)
# in which there was trouble, print one line: "trouble TEST FIRST-LINE".

BEGIN { during = "boot" }

{ sub(/\r$/, "") }

/\] selftests: / {
	during = $0
	sub(/.*\] selftests: /, "", during)
	if (during == "done")
		during = "unloading"
	if (during == "end of log")
		complete = 1
	next
}

# What the kernel says of itself where a module's tracepoints can't be set up: docs/faults.rst.
during == "load" && /WARNING: .* event_define_fields\+/ { next }

/WARNING: |BUG: |BUG [a-z0-9_-]+ |Kernel panic|Oops|KASAN|UBSAN|KCSAN|KFENCE/ ||
/general protection fault[,:]|invalid opcode: 0000|stack segment: |double fault: / ||
/[Uu]nable to handle|scheduling while atomic|sleeping function called|stack-protector/ ||
/rcu.*stall|blocked for more than|soft lockup|hard LOCKUP|workqueue lockup/ ||
/possible (recursive|circular) locking|inconsistent lock state|suspicious RCU usage/ ||
/INVALID wait context|bad unlock balance|DEBUG_LOCKS_WARN|ODEBUG: |refcount_t: / ||
/unreferenced object|list_(add|del) corruption/ ||
/[Oo]bjects? [Rr]emaining|still has objects|Poison overwritten|Redzone|Object already free/ ||
/Bad page state|Bad rss-counter|double free/ {
	if (!(during in seen)) {
		seen[during] = 1
		sub(/^\[ *[0-9.]+\] */, "")
		print "trouble " during " " $0
	}
}

END {
	if (!complete && !(during in seen))
		print "trouble " during " the log ends here: the kernel crashed, hung or ran out of time"
}
