/* json.h - JSON's strings and UTF-8, for the encoder and the decoder of records. A "raw" string
 * is what stands between the quotes. Pure and async-signal-safe. */
#ifndef ASTRAY_CORE_JSON_H
#define ASTRAY_CORE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <astray/text.h>
#include <astray/utf8.h>
#include <astray/words.h>

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

static inline bool json_is_special(unsigned char byte)
{
    return byte < 0x20 || byte >= 0x80 || byte == '"' || byte == '\\';
}

/* The length of the escape or the UTF-8 sequence at AT, or 0 for a byte that may not stand
 * inside a string. */
size_t json_skip_special(const char *at, const char *end);

/* The first special byte from AT on: the end of the string, an escape, a byte that is not ASCII
 * or one that is not allowed; END when there is none. */
static inline const char *json_find_special(const char *at, const char *end)
{
#ifdef __SSE2__
    const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\');
    const __m128i blank = _mm_set1_epi8(' ');
    for (; end - at >= 16; at += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
        /* Bytes are signed here: those from 0x80 on are less than a blank as well. */
        __m128i marks = _mm_or_si128(
            _mm_cmplt_epi8(bytes, blank),
            _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)));
        unsigned mask = (unsigned)_mm_movemask_epi8(marks);
        if (mask != 0)
            return at + __builtin_ctz(mask);
    }
#endif
    for (; end - at >= 8; at += 8) {
        uint64_t marks = json_special(words_load(at));
        if (marks != 0)
            return at + json_first(marks);
    }
    while (at < end && !json_is_special((unsigned char)*at))
        at++;
    return at;
}

/* From behind the opening quote to the closing one; NULL when the string is not valid. *ESCAPES
 * becomes true when there is a backslash. */
static inline const char *json_skip_noting(const char *at, const char *end, bool *escapes)
{
    for (;;) {
        at = json_find_special(at, end);
        if (at == end)
            return NULL;
        if (__builtin_expect(*at == '"', 1))
            return at;
        *escapes = *escapes || *at == '\\';
        size_t length = json_skip_special(at, end);
        if (length == 0)
            return NULL;
        at += length;
    }
}

static inline const char *json_skip_string(const char *at, const char *end)
{
    bool escapes = false;
    return json_skip_noting(at, end, &escapes);
}

static inline bool json_is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static inline const char *json_skip_space(const char *at, const char *end)
{
    while (at < end && json_is_space(*at))
        at++;
    return at;
}

static inline bool json_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline const char *json_skip_digits(const char *at, const char *end)
{
    while (at < end && json_is_digit(*at))
        at++;
    return at;
}

/* Cuts the first character off the raw *TEXT, which is not empty, and writes it in UTF-8 to OUT;
 * returns its length. What is no valid character stands for itself, a byte at a time. */
size_t json_next_character(struct slice *text, char out[static 4]);

/* Writes what RAW means to OUT, cut to the whole characters that fit; returns the length. */
size_t json_unescape(struct slice raw, char *out, size_t size);

/* Do two raw strings mean the same? */
bool json_same(struct slice a, struct slice b);

static inline bool json_has_escape(struct slice raw)
{
    return raw.length > 0 && memchr(raw.data, '\\', raw.length) != NULL;
}

#endif
