#include "json.h"

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* The unit of an escape \uXXXX at AT, or -1. */
static int32_t read_unit(const char *at, const char *end)
{
    if (end - at < 6 || at[0] != '\\' || at[1] != 'u')
        return -1;
    int32_t unit = 0;
    for (int i = 2; i < 6; i++) {
        int digit = hex_value(at[i]);
        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

static bool is_surrogate(int32_t unit)
{
    return unit >= 0xd800 && unit <= 0xdfff;
}

/* Reads the escape at AT: its character to *CODE, its length, or 0 when it is none. */
static size_t read_escape(const char *at, const char *end, uint32_t *code)
{
    static const char meanings[128] = {
        ['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
        ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t',
    };
    if (end - at < 2)
        return 0;
    unsigned char letter = (unsigned char)at[1];
    if (letter < 128 && meanings[letter] != 0) {
        *code = (uint32_t)meanings[letter];
        return 2;
    }
    int32_t unit = read_unit(at, end);
    if (unit < 0)
        return 0;
    *code = (uint32_t)unit;
    if (!is_surrogate(unit))
        return 6;
    int32_t second = read_unit(at + 6, end);
    if (unit > 0xdbff || second < 0xdc00 || second > 0xdfff)
        return 0;
    *code = 0x10000 + (((uint32_t)unit - 0xd800) << 10) + ((uint32_t)second - 0xdc00);
    return 12;
}

size_t json_skip_special(const char *at, const char *end)
{
    uint32_t code;
    if (*at == '\\')
        return read_escape(at, end, &code);
    return (unsigned char)*at >= 0x80 ? utf8_length(at, end) : 0;
}

static size_t put_utf8(uint32_t code, char out[static 4])
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xc0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xe0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3f));
        out[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3f));
    out[2] = (char)(0x80 | (code >> 6 & 0x3f));
    out[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}

size_t json_next_character(struct slice *text, char out[static 4])
{
    const char *at = text->data, *end = at + text->length;
    size_t taken = 0, written;
    uint32_t code;
    if (*at == '\\' && (taken = read_escape(at, end, &code)) > 0) {
        written = put_utf8(code, out);
    } else {
        taken = (unsigned char)*at >= 0x80 ? utf8_length(at, end) : 1;
        if (taken == 0)
            taken = 1;
        memcpy(out, at, taken);
        written = taken;
    }
    *text = (struct slice){at + taken, text->length - taken};
    return written;
}

size_t json_unescape(struct slice raw, char *out, size_t size)
{
    size_t length = 0;
    while (raw.length > 0) {
        char character[4];
        size_t written = json_next_character(&raw, character);
        if (written > size - length)
            break;
        memcpy(out + length, character, written);
        length += written;
    }
    return length;
}

bool json_same(struct slice a, struct slice b)
{
    while (a.length > 0 && b.length > 0) {
        char left[4], right[4];
        size_t length = json_next_character(&a, left);
        if (json_next_character(&b, right) != length || memcmp(left, right, length) != 0)
            return false;
    }
    return a.length == 0 && b.length == 0;
}
