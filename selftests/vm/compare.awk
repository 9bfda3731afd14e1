# SPDX-License-Identifier: GPL-2.0
# Two tables of lines of "mechanism, what, value": what the mechanisms cost, and what they do.
# The same goes to the file that the variable json names.

/^#/ {
	remarks = remarks $0 "\n"
	next
}

NF == 3 {
	value[$1, $2] = $3
	if (!seen[$2]++)
		keys[key_count++] = $2
	if ($2 == "title")
		names[count++] = $1
}

function number(name, what, form)
{
	return value[name, what] ~ /[0-9]/ ? sprintf(form, value[name, what]) : "-"
}

# As JSON has it.
function literal(text)
{
	return text ~ /^[0-9.]+$/ ? text : "\"" text "\""
}

function costs(name)
{
	printf "%-25s %5s  %6s %6s %8s  %6s %6s %8s  %6s %7s\n", value[name, "title"],
		number(name, "lines", "%d"),
		number(name, "produce_calls", "%.1f"), number(name, "produce_switches", "%.1f"),
		number(name, "produce_instructions", "%.0f"),
		number(name, "request_calls", "%.1f"), number(name, "request_switches", "%.1f"),
		number(name, "request_instructions", "%.0f"), number(name, "copies", "%d"),
		number(name, "copies_counted", "%.1f")
}

function deeds(name)
{
	printf "%-25s %-27s %-27s %-6s %-10s %-5s %-13s %s\n", value[name, "title"],
		value[name, "producer"], value[name, "client"], value[name, "stays"],
		value[name, "meet"], value[name, "ways"], value[name, "messages"],
		value[name, "sender"]
}

function write_json(name, i, fields)
{
	printf "%s\n  {\"mechanism\": \"%s\"", written++ ? "," : "", name >json
	for (i = 0; i < key_count; i++)
		if ((name, keys[i]) in value)
			printf ", \"%s\": %s", keys[i], literal(value[name, keys[i]]) >json
	printf "}" >json
}

END {
	printf "%-31s  %-22s  %-22s\n", "", "an item", "a question, an answer"
	printf "%-25s %5s  %6s %6s %8s  %6s %6s %8s  %6s %7s\n", "mechanism", "lines",
		"calls", "switch", "instr.", "calls", "switch", "instr.", "copies", "counted"
	for (i = 0; i < count; i++)
		costs(names[i])
	printf "\n%-25s %-27s %-27s %-6s %-10s %-5s %-13s %s\n", "mechanism",
		"the consumer is killed", "the server is killed", "then", "who meets", "ways",
		"two messages", "told of the sender"
	for (i = 0; i < count; i++)
		deeds(names[i])
	printf "[" >json
	for (i = 0; i < count; i++)
		write_json(names[i])
	print "\n]" >json
	printf "%s", remarks
}
