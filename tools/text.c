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
	       !(code >= 0x2060 && code <= 0x206f) && code != 0xfeff && code != 0xfffe &&
	       code != 0xffff;
}

/* Characters of avoid are escaped as well. */
static void print_escaped(FILE *file, const char *text, const char *avoid)
{
	while (*text) {
		unsigned int code;
		int length = utf8_length((const unsigned char *)text, &code);

		if (length && is_printable(code) && !strchr(avoid, *text)) {
			fwrite(text, length, 1, file);
			text += length;
		} else {
			fprintf(file, "\\x%02x", (unsigned char)*text++);
		}
	}
}

void text_print(FILE *file, const char *text)
{
	print_escaped(file, text, "");
}

void text_print_word(FILE *file, const char *text)
{
	print_escaped(file, text, " \\");
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

/* Those that Unicode calls wide, by and large. */
static int is_wide(unsigned int code)
{
	return (code >= 0x1100 && code <= 0x115f) || (code >= 0x2e80 && code <= 0xa4cf) ||
	       (code >= 0xac00 && code <= 0xd7a3) || (code >= 0xf900 && code <= 0xfaff) ||
	       (code >= 0xfe30 && code <= 0xfe6f) || (code >= 0xff00 && code <= 0xff60) ||
	       (code >= 0xffe0 && code <= 0xffe6) || (code >= 0x1f300 && code <= 0x1f64f) ||
	       (code >= 0x20000 && code <= 0x3fffd);
}

int text_character(const char *text, int *columns)
{
	unsigned int code;
	int length = utf8_length((const unsigned char *)text, &code);

	*columns = length && is_wide(code) ? 2 : 1;
	return length ? length : 1;
}

const char *text_shown(const char *text)
{
	static char buffer[1024];
	FILE *file = fmemopen(buffer, sizeof(buffer), "w");
	unsigned int code;
	char *end = buffer;

	if (!file)
		return "?";
	text_print(file, text);
	fclose(file);
	buffer[sizeof(buffer) - 1] = '\0';
	/* nor is there half a character where it was cut */
	while (*end && utf8_length((unsigned char *)end, &code))
		end += utf8_length((unsigned char *)end, &code);
	*end = '\0';
	return buffer;
}
