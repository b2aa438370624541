/* words.h - short texts, eight bytes at a time and without a call. Never reads outside of a text.
 * Where bytes are compared or hashed again and again, this is several times as fast as memcmp(3).
 */
#ifndef ASTRAY_WORDS_H
#define ASTRAY_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <astray/text.h>

/* Eight bytes at AT, in the host's byte order. */
static inline uint64_t words_load(const char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

/* All LENGTH (0 to 7) bytes at AT in one word: equal for equal texts of one length, and for no
 * others. */
static inline uint64_t words_load_short(const char *at, size_t length)
{
    uint32_t head, tail;
    if (length >= 4) {
        memcpy(&head, at, sizeof head);
        memcpy(&tail, at + length - 4, sizeof tail);
        return (uint64_t)head << 32 | tail;
    }
    if (length == 0)
        return 0;
    const unsigned char *bytes = (const unsigned char *)at;
    return (uint64_t)bytes[0] << 16 | (uint64_t)bytes[length / 2] << 8 | bytes[length - 1];
}

/* Are the LENGTH bytes at A and at B the same? */
static inline bool words_equal(const char *a, const char *b, size_t length)
{
    if (length < 8)
        return words_load_short(a, length) == words_load_short(b, length);
    size_t last = length - 8;
    for (size_t at = 0; at < last; at += 8)
        if (words_load(a + at) != words_load(b + at))
            return false;
    return words_load(a + last) == words_load(b + last);
}

/* slice_equal(), so. */
static inline bool words_slice_equal(struct slice a, struct slice b)
{
    return a.length == b.length && words_equal(a.data, b.data, a.length);
}

/* A product folded to one word: mixes well, and no input survives it alone. */
static inline uint64_t words_mix(uint64_t a, uint64_t b)
{
#ifdef __SIZEOF_INT128__
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
#else
    uint64_t mixed = (a ^ b >> 32 ^ b << 32) * UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ mixed >> 29 ^ b) * UINT64_C(0xbf58476d1ce4e5b9);
    return mixed ^ mixed >> 32;
#endif
}

/* A hash of TEXT under SEED: whoever does not know the seed cannot choose what collides. */
static inline uint64_t words_hash(uint64_t seed, struct slice text)
{
    const uint64_t odd = UINT64_C(0x9e3779b97f4a7c15);
    if (text.length < 8)
        return words_mix(words_load_short(text.data, text.length) ^ seed, text.length ^ odd);
    size_t at = 0;
    for (; text.length - at > 16; at += 16)
        seed = words_mix(words_load(text.data + at) ^ seed, words_load(text.data + at + 8) ^ odd);
    size_t last = text.length - 8;
    return words_mix(words_load(text.data + (at < last ? at : last)) ^ seed,
                     words_load(text.data + last) ^ text.length ^ odd);
}

#endif
