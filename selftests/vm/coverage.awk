# SPDX-License-Identifier: GPL-2.0
# Hold what was executed (an lcov tracefile) against what has to be, and against the list of
# exceptions, which comes first (with list=1): "FILE FUNCTION LINES: REASON", LINES being how
# many are not executed, or FEWEST-MOST where that is up to chance.

BEGIN {
	least_lines = 95
	least_branches = 85
	printf "%-22s %-22s %s\n", "", "lines", "branches"
}

function result(good, text) {
	print (good ? "ok     " : "not ok ") text
	good ? passed++ : failed++
}

function percent(part, all) {
	return all ? 100 * part / all : 0
}

function share(part, all) {
	return all ? sprintf("%5.1f %% (%d of %d)", percent(part, all), part, all) : "none"
}

# The exceptions.

list {
	if (/^#/ || NF == 0)
		next
	count = $3
	if (!match($0, /^[a-z_]+\.[ch] [a-z0-9_]+ [0-9]+(-[0-9]+)?: ./)) {
		result(0, "coverage.exceptions, line " FNR ": not FILE FUNCTION LINES: REASON")
		next
	}
	sub(/:$/, "", count)
	fewest[$1, $2] = most[$1, $2] = count
	if (split(count, range, "-") == 2) {
		fewest[$1, $2] = range[1]
		most[$1, $2] = range[2]
	}
	next
}

# The tracefile.

{ split(substr($0, index($0, ":") + 1), field, ",") }

/^SF:/ {
	file = $0
	sub(/.*\//, "", file)
	lines = reached = unreached = branches = taken = 0
	delete starts
}
/^FN:/ { starts[field[1] + 0] = field[2] }
/^DA:/ {
	lines++
	if (field[2] > 0)
		reached++
	else
		missed[++unreached] = field[1]
}
/^BRDA:/ {
	branches++
	if (field[4] != "-" && field[4] > 0)
		taken++
}
/^end_of_record/ { judge_file() }

function function_of(line,   at, found) {
	for (at in starts)
		if (at + 0 <= line && at + 0 > found)
			found = at + 0
	return starts[found]
}

# Every line is executed, but for as many in each function as are excepted.
function judge_file(   i, name, names, key, name_of, count, where, order, wrong) {
	for (i = 1; i <= unreached; i++) {
		name = function_of(missed[i])
		if (!count[name]++)
			order[++names] = name
		where[name] = where[name] " " missed[i]
	}
	for (i = 1; i <= names; i++)
		if (count[order[i]] > most[file, order[i]] + 0)
			wrong = wrong sprintf("\n         %s: never executed:%s", order[i],
				where[order[i]])
	for (key in most) {
		split(key, name_of, SUBSEP)
		name = name_of[2]
		if (name_of[1] != file)
			continue
		if (count[name] + 0 < fewest[key])
			wrong = wrong sprintf("\n         %s: %d lines of it are excepted, %d are not executed",
				name, fewest[key], count[name])
		delete most[key]
	}
	if (lines || branches)
		result(!wrong, sprintf("%-15s %-22s %-22s%s", file, share(reached, lines),
			share(taken, branches), wrong))
	all_lines += lines
	all_reached += reached
	all_branches += branches
	all_taken += taken
}

END {
	for (key in most) {
		sub(SUBSEP, " ", key)
		result(0, "coverage.exceptions: there is no " key)
	}
	result(percent(all_reached, all_lines) >= least_lines, \
		"of all lines " share(all_reached, all_lines) ", at least " least_lines " %")
	result(percent(all_taken, all_branches) >= least_branches, \
		"of all branches " share(all_taken, all_branches) ", at least " least_branches " %")
	result(tests == 0, "the tests pass")
	printf "%d passed, %d failed\n", passed, failed
	exit failed > 0
}
