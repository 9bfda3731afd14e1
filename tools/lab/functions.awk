# SPDX-License-Identifier: GPL-2.0
# Where each function of the sources is defined: "name file:line". A definition begins in the
# first column and has its brace there; a declaration ends with a semicolon before that.
FNR == 1 { name = "" }
/^[a-z_][^;=]*[ *][a-z_0-9]+\(|^[a-z_0-9]+\(/ {
	name = $0
	sub(/\(.*/, "", name)
	sub(/.*[ *]/, "", name)
	place = FILENAME ":" FNR
}
/;/ { name = "" }
/^{/ && name != "" { print name, place; name = "" }
