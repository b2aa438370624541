/* utf8.h - UTF-8 as RFC 3629 has it: no overlong form, no surrogate, nothing behind U+10FFFF. */
#ifndef ASTRAY_UTF8_H
#define ASTRAY_UTF8_H

#include <stdbool.h>
#include <stddef.h>

static inline bool utf8_continues(const char *at, unsigned char low, unsigned char high)
{
    unsigned char byte = (unsigned char)*at;
    return byte >= low && byte <= high;
}

/* The length (2 to 4) of the UTF-8 sequence (RFC 3629) that begins at AT, before END, with a
 * byte >= 0x80; 0 when it is none. */
static inline size_t utf8_length(const char *at, const char *end)
{
    unsigned char lead = (unsigned char)*at;
    size_t left = (size_t)(end - at);
    if (lead >= 0xc2 && lead <= 0xdf)
        return left >= 2 && utf8_continues(at + 1, 0x80, 0xbf) ? 2 : 0;
    if (lead >= 0xe0 && lead <= 0xef) {
        unsigned char low = lead == 0xe0 ? 0xa0 : 0x80;
        unsigned char high = lead == 0xed ? 0x9f : 0xbf;
        return left >= 3 && utf8_continues(at + 1, low, high) && utf8_continues(at + 2, 0x80, 0xbf)
                   ? 3
                   : 0;
    }
    if (lead >= 0xf0 && lead <= 0xf4) {
        unsigned char low = lead == 0xf0 ? 0x90 : 0x80;
        unsigned char high = lead == 0xf4 ? 0x8f : 0xbf;
        return left >= 4 && utf8_continues(at + 1, low, high) &&
                       utf8_continues(at + 2, 0x80, 0xbf) && utf8_continues(at + 3, 0x80, 0xbf)
                   ? 4
                   : 0;
    }
    return 0;
}

#endif
