# SPDX-License-Identifier: GPL-2.0
# pages.awk: make the manual pages of section 3 from the kernel-doc of lib/msgpass.h, so that
# the two can't differ: a page for each function, struct and enum, and the overview.
#
#   awk -f docs/man/pages.awk -v out=DIRECTORY docs/man/libmsgpass.3.in lib/msgpass.h \
#	docs/examples/*.c
#
# The overview is written by hand in libmsgpass.3.in, but for three kinds of lines: .FUNCTION NAME
# becomes an item with the function's purpose, .ERRORS those that the header tells at its
# beginning, .EXAMPLE NAME that program. A function's page shows the first statement of the
# examples that calls it.

FNR == 1 { file++ }
file == 1 { template[++template_lines] = $0 }
file == 1 && /^\.Dd/ { date = $0 }
file == 2 { header() }
file > 2 { example() }

END {
	if (template_lines == 0 || items == 0)
		die("these files are not those that it takes")
	for (i = 1; i <= items; i++) {
		find_mentions(i)
		page[name[i]] = i
	}
	for (i = 1; i <= items; i++)
		if (kind[i] == "function")
			function_page(i)
		else
			type_page(i)
	overview()
}

function die(what)
{
	print "pages.awk: " what >"/dev/stderr"
	exit failed = 1
}

# --- the header

function header()
{
	if (/^\/\*\*$/) {
		items++
		state = "doc"
		into = "title"
	} else if (state == "doc" && /^ \*\/$/) {
		state = "code"
	} else if (state == "doc") {
		doc_line($0)
	} else if (state == "code") {
		code[items] = code[items] $0 "\n"
		if (kind[items] == "function" ? /;$/ : /^};$/)
			state = ""
	} else if (items == 0) {
		head_line($0)
	}
}

# What the comment at the beginning says of errors: " * -EAGAIN<tab>it would block".
function head_line(line)
{
	if (match(line, /^ \* -E[-A-Z0-9, ]*\t/)) {
		error_names[++errors] = substr(line, 4, RLENGTH - 4)
		error_text[errors] = substr(line, RLENGTH + 1)
	} else if (errors && line ~ /^ \*\t/) {
		error_text[errors] = error_text[errors] " " trim(substr(line, 3))
	}
}

function trim(text)
{
	gsub(/[ \t]+/, " ", text)
	gsub(/^ | $/, "", text)
	return text
}

function doc_line(line,  text)
{
	text = trim(substr(line, 3))
	if (into == "title" && kind[items] == "") {
		title(text)
	} else if (text ~ /^@[A-Za-z_]+:/ && into ~ /^(title|parameter)$/) {
		into = "parameter"
		parameters[items]++
		match(text, /:/)
		parameter[items, parameters[items]] = substr(text, 2, RSTART - 2)
		add(trim(substr(text, RSTART + 1)))
	} else if (text ~ /^(Return|Errors): /) {
		into = tolower(substr(text, 1, 6))
		sub(/^[A-Za-z]*: /, "", text)
		add(text)
	} else if (text == "") {
		into = "body"
		body[items] = body[items] "\n"
	} else {
		add(text)
	}
}

function title(text)
{
	kind[items] = text ~ /^(struct|enum) / ? substr(text, 1, index(text, " ") - 1) : "function"
	sub(/^(struct|enum) /, "", text)
	match(text, / - /)
	name[items] = substr(text, 1, RSTART - 1)
	sub(/\(\)$/, "", name[items])
	purpose[items] = substr(text, RSTART + 3)
}

function join(a, b)
{
	return a == "" || a ~ /\n$/ ? a b : a " " b
}

function add(text)
{
	if (into == "title")
		purpose[items] = join(purpose[items], text)
	else if (into == "parameter")
		meaning[items, parameters[items]] = join(meaning[items, parameters[items]], text)
	else if (into == "return")
		returns[items] = join(returns[items], text)
	else if (into == "errors")
		raised[items] = join(raised[items], text)
	else
		body[items] = join(body[items], text)
}

# --- the examples

# The first statement of all with this call, from its first line to its last.
function example(  call)
{
	if (FNR == 1) {
		begun = ""
		program = FILENAME
		sub(/.*\//, "", program)
	}
	source[program] = source[program] $0 "\n"
	begun = begun $0 "\n"
	if (/^[ \t]/ && match($0, /msgpass_[a-z_]+\(/)) {
		call = substr($0, RSTART, RLENGTH - 1)
		if (!index(" " shown_by[call] " ", " " program " "))
			shown_by[call] = join(shown_by[call], program)
		if (snippet[call] == "")
			wanted = call
	}
	if (!/[;{}]$/ && !/^[ \t]*\/?\*.*\*\/$/ && !/^$/ || open_in(begun))
		return
	if (wanted != "")
		snippet[wanted] = begun
	begun = wanted = ""
}

# How many parentheses are open after the text.
function open_in(text)
{
	return gsub(/\(/, "", text) - gsub(/\)/, "", text)
}

# Without the tabs that all of its lines begin with.
function outdented(text)
{
	while (text ~ /^\t/ && text !~ /\n[^\t]/) {
		sub(/^\t/, "", text)
		gsub(/\n\t/, "\n", text)
	}
	return text
}

# --- what belongs together: the calls and types that the text or the code of each names

function find_mentions(i,  all, word)
{
	all = code[i] " " body[i] " " returns[i]
	for (word = 1; word <= parameters[i]; word++)
		all = all " " meaning[i, word]
	while (match(all, /msgpass_[a-z_]+/)) {
		word = substr(all, RSTART, RLENGTH)
		all = substr(all, RSTART + RLENGTH)
		mentions[i, word] = 1
	}
}

function related(i, j)
{
	return i != j && (mentions[i, name[j]] || mentions[j, name[i]])
}

function see_also(i,  j, count, list, least, k)
{
	emit(".Sh SEE ALSO")
	emit(".Xr msgpass 1 ,")
	count = 0
	for (j = 1; j <= items; j++)
		if (related(i, j))
			list[++count] = name[j]
	list[++count] = "libmsgpass"
	for (j = 1; j <= count; j++) {
		least = j
		for (k = j + 1; k <= count; k++)
			if (list[k] < list[least])
				least = k
		k = list[j]
		list[j] = list[least]
		list[least] = k
		emit(".Xr " list[j] " 3 ,")
	}
	emit(".Xr msgpass 4")
}

# --- mdoc

function emit(line)
{
	print line >path
}

function flush_text()
{
	if (text_line != "")
		emit(text_line)
	text_line = ""
}

# Words in lines of a page's width, each sentence on a line of its own.
function word_out(word)
{
	if (text_line == "" && word ~ /^['.]/)
		word = "\\&" word
	if (length(text_line) + length(word) > 75)
		flush_text()
	text_line = text_line == "" ? word : text_line " " word
	if (word ~ /[.!?]\)?$/)
		flush_text()
}

# The mdoc macro for a word of the header's, "" if it is just a word.
function macro(word)
{
	if (word ~ /^@[a-z_.]+$/)
		return "Fa " substr(word, 2)
	if (word ~ /^-?E[A-Z]*[0-9]?[A-Z]+$/ && length(word) > 3) {
		sub(/^-/, "\\-", word)
		return "Er " word
	}
	if (word ~ /^msgpass_[a-z_]+\(\)$/) {
		sub(/\(\)$/, "", word)
		return word == this ? "Fn " word : "Xr " word " 3"
	}
	if (word ~ /^[a-z_]+\([1-8]\)$/)
		return "Xr " substr(word, 1, length(word) - 3) " " substr(word, length(word) - 1, 1)
	if (word ~ /^(MSGPASS|O|CLOCK|SA)_[A-Z_]+\*?$/ || word == "NULL")
		return "Dv " word
	return ""
}

# Lines of text with its names marked up. "struct x" becomes one word before.
function prose(text,  words, count, i, before, after, inner, marked)
{
	gsub(/struct msgpass_/, "struct:msgpass_", text)
	count = split(text, words, /[ \n]+/)
	for (i = 1; i <= count; i++) {
		inner = words[i]
		before = after = ""
		while (inner ~ /^[(]/) {
			before = before "( "
			inner = substr(inner, 2)
		}
		# A call's own parentheses stay with it.
		while (inner ~ /[,.;:]$/ || (inner ~ /\)$/ && inner !~ /\([1-8]?\)$/)) {
			after = " " substr(inner, length(inner)) after
			inner = substr(inner, 1, length(inner) - 1)
		}
		marked = inner ~ /^struct:/ ? "Vt struct " substr(inner, 8) : macro(inner)
		if (marked == "") {
			word_out(words[i])
		} else {
			flush_text()
			if (before != "")
				sub(/ /, " " before, marked)
			emit("." marked after)
		}
	}
	flush_text()
}

function capitalised(text)
{
	return toupper(substr(text, 1, 1)) substr(text, 2)
}

function begin_page(i)
{
	this = name[i]
	path = out "/" this ".3"
	emit(".\\\" SPDX-License-Identifier: GPL-2.0")
	emit(".\\\" Made from lib/msgpass.h by docs/man/pages.awk.")
	emit(date)
	emit(".Dt " toupper(this) " 3")
	emit(".Os")
	emit(".Sh NAME")
	emit(".Nm " this)
	emit(".Nd " purpose[i])
	emit(".Sh LIBRARY")
	emit("libmsgpass")
	emit(".Pq Fl lmsgpass")
	emit(".Sh SYNOPSIS")
	emit(".In msgpass.h")
}

function literal(text)
{
	gsub(/\\/, "\\e", text)
	emit(".Bd -literal")
	printf "%s", text >path
	emit(".Ed")
}

function list_parameters(i, macro_of,  j)
{
	emit(".Bl -tag -width Ds")
	for (j = 1; j <= parameters[i]; j++) {
		if (parameter[i, j] == "reserved")
			continue
		emit(".It " macro_of " " parameter[i, j])
		prose(meaning[i, j])
	}
	emit(".El")
}

function paragraphs(text,  parts, count, j)
{
	count = split(text, parts, /\n+/)
	for (j = 1; j <= count; j++)
		if (parts[j] ~ /[^ ]/) {
			emit(".Pp")
			prose(parts[j])
		}
}

function prototype(i,  text, before, list, count, j)
{
	text = trim(code[i])
	gsub(/\n/, " ", text)
	text = trim(text)
	match(text, name[i] "\\(")
	before = trim(substr(text, 1, RSTART - 1))
	text = substr(text, RSTART + RLENGTH)
	sub(/\);$/, "", text)
	emit(".Ft " before)
	emit(".Fo " name[i])
	count = split(text, list, / *, */)
	for (j = 1; j <= count; j++)
		emit(".Fa \"" list[j] "\"")
	emit(".Fc")
}

# The errors that a function names, each with what the header's beginning says of it.
function errors_section(i,  j, one, k, count, names)
{
	if (raised[i] == "")
		return
	emit(".Sh ERRORS")
	emit(".Bl -tag -width Er")
	for (j = 1; j <= errors; j++) {
		count = split(error_names[j], names, /[-, ]+/)
		for (k = 1; k <= count; k++) {
			one = names[k]
			if (one != "" && raised[i] ~ ("(^| )-" one "([,.]|$)")) {
				emit(".It Er \\-" one)
				prose(capitalised(error_text[j]))
			}
		}
	}
	emit(".El")
}

function examples_section(i,  rest)
{
	if (shown_by[name[i]] == "")
		return
	emit(".Sh EXAMPLES")
	emit("From")
	rest = shown_by[name[i]]
	sub(/ .*/, "", rest)
	emit(".Pa " rest " :")
	literal(outdented(snippet[name[i]]))
	rest = substr(shown_by[name[i]], length(rest) + 2)
	if (rest == "")
		return
	emit(".Pp")
	emit("Used in")
	gsub(/ /, " , ", rest)
	emit(".Pa " rest)
	emit("as well.")
}

function function_page(i)
{
	begin_page(i)
	prototype(i)
	emit(".Sh DESCRIPTION")
	prose(capitalised(purpose[i]) ".")
	if (parameters[i])
		list_parameters(i, "Fa")
	paragraphs(body[i])
	if (returns[i] != "") {
		emit(".Sh RETURN VALUES")
		prose(capitalised(returns[i]))
	}
	examples_section(i)
	errors_section(i)
	see_also(i)
	close(path)
}

function type_page(i)
{
	begin_page(i)
	literal(code[i])
	emit(".Sh DESCRIPTION")
	list_parameters(i, kind[i] == "enum" ? "Dv" : "Fa")
	paragraphs(body[i])
	see_also(i)
	close(path)
}

function overview(  j, i, k)
{
	path = out "/libmsgpass.3"
	this = ""
	for (j = 1; j <= template_lines; j++)
		if (template[j] ~ /^\.FUNCTION /) {
			i = page[substr(template[j], 11)]
			if (!i)
				die("lib/msgpass.h says nothing of " substr(template[j], 11))
			emit(".It Xr " name[i] " 3")
			prose(capitalised(purpose[i]) ".")
		} else if (template[j] == ".ERRORS") {
			for (k = 1; k <= errors; k++) {
				i = error_names[k]
				gsub(/-/, "\\-", i)
				gsub(/, /, " , Er ", i)
				emit(".It Er " i)
				prose(capitalised(error_text[k]))
			}
		} else if (template[j] ~ /^\.EXAMPLE /) {
			literal(source[substr(template[j], 10)])
		} else {
			emit(template[j])
		}
	close(path)
}
