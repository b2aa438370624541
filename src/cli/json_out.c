#include "json_out.h"

#include <astray/utf8.h>

/* Writes the first character of the text from AT to END; returns its length. */
static size_t put_character(FILE *stream, const char *at, const char *end)
{
    unsigned char byte = (unsigned char)*at;
    if (byte == '"' || byte == '\\') {
        fprintf(stream, "\\%c", byte);
        return 1;
    }
    if (byte < 0x20 || byte == 0x7f) {
        fprintf(stream, "\\u%04x", byte);
        return 1;
    }
    if (byte < 0x80) {
        putc(byte, stream);
        return 1;
    }
    size_t length = utf8_length(at, end);
    if (length == 0)
        fputs("\\ufffd", stream);
    else if (byte == 0xc2 && (unsigned char)at[1] < 0xa0)
        fprintf(stream, "\\u%04x", (unsigned char)at[1]);
    else
        fwrite(at, 1, length, stream);
    return length == 0 ? 1 : length;
}

void json_out_text(FILE *stream, struct slice text)
{
    putc('"', stream);
    for (size_t at = 0; at < text.length;)
        at += put_character(stream, text.data + at, text.data + text.length);
    putc('"', stream);
}
