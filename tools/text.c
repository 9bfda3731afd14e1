// SPDX-License-Identifier: GPL-2.0
/*
 * Names may hold nearly any byte: how they are shown to people and in JSON.
 */
#include <string.h>

#include "text.h"

/*
 * Length of the UTF-8 character at the start of text, 0 if there is none. No
 * overlong form, no surrogate, nothing above U+10FFFF counts as one.
 */
static int utf8_length(const unsigned char *text, unsigned int *code)
{
	static const unsigned int least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	int length = text[0] < 0x80 ? 1 :
		     text[0] < 0xc0 ? 0 :
		     text[0] < 0xe0 ? 2 :
		     text[0] < 0xf0 ? 3 :
		     text[0] < 0xf8 ? 4 :
				      0;

	if (length <= 1) {
		*code = text[0];
		return length;
	}
	*code = text[0] & (0x7f >> length);
	for (int i = 1; i < length; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (text[i] & 0x3f);
	}
	if (*code < least[length] || *code > 0x10ffff || (*code >= 0xd800 && *code <= 0xdfff))
		return 0;
	return length;
}

/* C1 controls are as good as ESC; U+202A and the like reorder a line. */
static int is_printable(unsigned int code)
{
	return code >= 0x20 && !(code >= 0x7f && code < 0xa0) &&
	       !(code >= 0x200b && code <= 0x200f) && !(code >= 0x2028 && code <= 0x202e) &&
	       !(code >= 0x2060 && code <= 0x206f) && code != 0xfeff;
}

void text_print(FILE *file, const char *text)
{
	while (*text) {
		unsigned int code;
		int length = utf8_length((const unsigned char *)text, &code);

		if (length && is_printable(code)) {
			fwrite(text, length, 1, file);
			text += length;
		} else {
			fprintf(file, "\\x%02x", (unsigned char)*text++);
		}
	}
}

void text_print_json(FILE *file, const char *text)
{
	fputc('"', file);
	while (*text) {
		unsigned int code;
		int length = utf8_length((const unsigned char *)text, &code);

		if (!length) {
			fprintf(file, "\\udc%02x", (unsigned char)*text++);
			continue;
		}
		if (code == '"' || code == '\\')
			fprintf(file, "\\%c", (int)code);
		else if (code < 0x20 || (code >= 0x7f && code < 0xa0))
			fprintf(file, "\\u%04x", code);
		else
			fwrite(text, length, 1, file);
		text += length;
	}
	fputc('"', file);
}

const char *text_shown(const char *text)
{
	static char buffer[1024];
	FILE *file = fmemopen(buffer, sizeof(buffer), "w");

	if (!file)
		return "?";
	text_print(file, text);
	fclose(file);
	buffer[sizeof(buffer) - 1] = '\0';
	return buffer;
}
