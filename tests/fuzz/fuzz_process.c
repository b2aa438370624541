/* The parsers of what /proc gives: what they answer lies within the text. */
#include <astray/process.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect_within(struct slice whole, struct slice piece)
{
    if (piece.length == 0)
        return;
    if (piece.data < whole.data || piece.data + piece.length > whole.data + whole.length)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = {.data = (const char *)data, .length = size};
    struct slice name = process_name_of(text);
    expect_within(text, name);
    if (name.length > 0 && memchr(name.data, '/', name.length) != NULL)
        abort();
    if (name.length > 0 && memchr(name.data, '\0', name.length) != NULL)
        abort();

    struct slice unit = process_unit_of(text);
    expect_within(text, unit);
    if (unit.length > 0 && !slice_ends_with(unit, SLICE(".service")) &&
        !slice_ends_with(unit, SLICE(".scope")))
        abort();

    struct process_stat stat;
    if (process_stat_parse(text, &stat)) {
        expect_within(text, stat.command);
        if (stat.parent < 0)
            abort();
    }
    return 0;
}
