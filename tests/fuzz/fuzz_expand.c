/* Any bytes as marked text: expansion ends, and what it names stands in its input. */
#include <stdint.h>
#include <stdlib.h>

#include "expand.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct expand_values file = {0}, given = {.source = "x"};
    struct buffer out = {0};
    struct expand_result result;
    struct slice text = {.data = (const char *)data, .length = size};
    expand_set(&file, SLICE("A"), SLICE("a"), false);
    expand_set_unset(&file, SLICE("B"), SLICE("C"));
    expand_replace(&given, SLICE("C"), SLICE("0"));
    expand_text(&out, text, &file, size % 2 == 0 ? &given : NULL, &result);
    if (result.zero.length > 0 && (result.zero_at >= out.length || out.data[result.zero_at] != '0'))
        abort();
    if (out.length > 64 * (size + 1) * (size + 1))
        abort();
    buffer_free(&out);
    expand_free(&file);
    expand_free(&given);
    return 0;
}
