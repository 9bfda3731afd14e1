# SPDX-License-Identifier: GPL-2.0
# Of symbols ("address name", and "[module]", sorted) and then the addresses of instructions as they were
# executed: how many went to each function in a round trip of so many system calls, for each of
# its messages. Addresses have 16 digits each, so that they compare as strings.

NR == FNR {
	start[count] = $1
	module[count] = $3 ? $3 : "kernel"
	name[count++] = $2 ($3 ? " " $3 : "")
	if ($2 == "entry_SYSCALL_64")
		entry = $1
	next
}

# Only whole round trips count, from one system call to the same one of the next.
$1 == entry && seen++ % calls == 0 {
	for (address in pending) {
		if (rounds)
			executed[address] += pending[address]
		delete pending[address]
	}
	rounds++
}

{
	pending[$1]++
}

# The last function that begins at the address or before it.
function function_at(address,	low, high, middle)
{
	if (address < "8")
		return -1
	low = 0
	high = count
	while (high - low > 1) {
		middle = int((low + high) / 2)
		if (start[middle] "" <= address "")
			low = middle
		else
			high = middle
	}
	return low
}

# What a function of the kernel's is for, by its name: of those that a round trip may call.
function purpose(name)
{
	if (name ~ /^(psi|sched|ttwu|hrtick|cpuacct|record|rb|cr4)_|schedule|_entity|_fair|load_avg|_rq|curr|vruntime|buddies|^__switch|yield_to|buddy|switch_(mm|fpu|ldt)|finish_task|load_(new_mm|tls)|fpregs_(to|from)|xfd|try_to_wake|wake_up|sched_clock|rcu_note|invalidate_user|gsbase|find_first_bit|cond_resched|timekeeping|hrtimer|timer|preempt|cfs_group/)
		return "scheduling and waking"
	if (name ~ /^(entry_|syscall|do_syscall|x64_sys|__x64_sys|do_vfs|security|tomoyo|bpf_lsm|__fget|__fdget|exit_to_user|__rseq|amd_clear|mem_cgroup_handle|blkcg)|fpregs_assert|ksys_|vfs_/)
		return "system calls"
	if (name ~ /kmem|kmalloc|kvmalloc|kfree|kvfree|memcg|memset|failslab|check_spread|cache_from_obj|slab/)
		return "memory"
	if (name ~ /^_raw_|rcu_read/)
		return "locks and RCU"
	return "the rest"
}

END {
	rounds--
	if (rounds < 1) {
		print "no round trip was seen"
		exit 1
	}
	rounds *= messages
	for (address in executed) {
		i = function_at(address)
		what = i < 0 ? "(user space)" : name[i]
		part[i < 0 ? "user space" : module[i]] += executed[address]
		if (i >= 0 && module[i] == "kernel")
			part["kernel: " purpose(name[i])] += executed[address]
		instructions[what] += executed[address]
		total += executed[address]
		if (i >= 0 && start[i] == address)
			called[what] += executed[address]
	}
	printf "%12s %6s %9s  %s\n", "instructions", "", "calls", "function"
	printf "%12.1f %5.1f%% %9s  %s\n", total / rounds, 100, "", "all, mean of " rounds (messages > 1 ? " messages" : " round trips")
	fflush()
	for (what in part)
		printf "%12.1f %5.1f%% %9s  %s\n", part[what] / rounds, 100 * part[what] / total, "",
			"all of " what | "sort -k4"
	close("sort -k4")
	fflush()
	for (what in instructions)
		printf "%12.1f %5.1f%% %9.2f  %s\n", instructions[what] / rounds,
			100 * instructions[what] / total, called[what] / rounds, what | "sort -k1,1rn"
}
