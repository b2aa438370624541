/* json.h - what the encoder and the decoder of records both need to know of JSON and UTF-8. */
#ifndef ASTRAY_CORE_JSON_H
#define ASTRAY_CORE_JSON_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define JSON_EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Which of the eight bytes of WORD may not simply stand in a string: the high bit of every
 * byte that is a control byte, '"', '\\' or not ASCII. Exact: no byte disturbs another. */
static inline uint64_t json_special(uint64_t word)
{
    const uint64_t low = JSON_EACH(0x7f);
    uint64_t printable = (word & low) + JSON_EACH(0x60);
    uint64_t not_quote = ((word ^ JSON_EACH('"')) & low) + low;
    uint64_t not_backslash = ((word ^ JSON_EACH('\\')) & low) + low;
    return (word | ~printable | ~not_quote | ~not_backslash) & JSON_EACH(0x80);
}

/* How many bytes precede the first that is marked in MARKS, which is not 0. */
static inline size_t json_first(uint64_t marks)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return (size_t)__builtin_ctzll(marks) / 8;
#else
    return (size_t)__builtin_clzll(marks) / 8;
#endif
}

static inline uint64_t json_load(const char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

static inline int json_is_special(unsigned char byte)
{
    return byte < 0x20 || byte >= 0x80 || byte == '"' || byte == '\\';
}

static inline int json_continues(const char *at, unsigned char low, unsigned char high)
{
    unsigned char byte = (unsigned char)*at;
    return byte >= low && byte <= high;
}

/* The length (2 to 4) of the UTF-8 sequence (RFC 3629) that begins at AT, before END, with a
 * byte >= 0x80; 0 when it is none. */
static inline size_t json_utf8(const char *at, const char *end)
{
    unsigned char lead = (unsigned char)*at;
    size_t left = (size_t)(end - at);
    if (lead >= 0xc2 && lead <= 0xdf)
        return left >= 2 && json_continues(at + 1, 0x80, 0xbf) ? 2 : 0;
    if (lead >= 0xe0 && lead <= 0xef) {
        unsigned char low = lead == 0xe0 ? 0xa0 : 0x80;
        unsigned char high = lead == 0xed ? 0x9f : 0xbf;
        return left >= 3 && json_continues(at + 1, low, high) && json_continues(at + 2, 0x80, 0xbf)
                   ? 3
                   : 0;
    }
    if (lead >= 0xf0 && lead <= 0xf4) {
        unsigned char low = lead == 0xf0 ? 0x90 : 0x80;
        unsigned char high = lead == 0xf4 ? 0x8f : 0xbf;
        return left >= 4 && json_continues(at + 1, low, high) &&
                       json_continues(at + 2, 0x80, 0xbf) && json_continues(at + 3, 0x80, 0xbf)
                   ? 4
                   : 0;
    }
    return 0;
}

#endif
