/* Looks for a destination in texts. What is found lies within the text, and a destination that is
 * written out is found. Bytes: family, port, address, then program, name, previous, value and next
 * with NULs between them. */
#include <astray/spelling.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HEADER 19

static struct slice part(struct slice *rest)
{
    struct slice piece = {0};
    slice_cut(rest, '\0', &piece);
    return piece;
}

static void expect_within(struct slice whole, struct slice piece)
{
    if (piece.length > 0 &&
        (piece.data < whole.data || piece.data + piece.length > whole.data + whole.length))
        abort();
}

static void expect_written_out_is_found(const struct spelling_wanted *wanted)
{
    char text[DESTINATION_TEXT_SIZE];
    struct slice host, empty = {0};
    struct slice written = {text, destination_format(&wanted->destination, text)};
    struct spelling_wanted plain = *wanted;
    plain.name = empty;
    if (!spelling_in_variable(&plain, SLICE("API_ADDR"), written, &host))
        abort();
    expect_within(written, host);
    if (!spelling_in_argument(&plain, empty, written, empty, &host))
        abort();
    expect_within(written, host);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct spelling_wanted wanted = {0};
    if (size < HEADER)
        return 0;
    wanted.destination.addr.family = data[0] % 2 == 0 ? ADDR_IPV4 : ADDR_IPV6;
    wanted.destination.port = (uint16_t)(data[1] << 8 | data[2]);
    memcpy(wanted.destination.addr.bytes, data + 3, data[0] % 2 == 0 ? 4 : 16);
    struct slice rest = {.data = (const char *)data + HEADER, .length = size - HEADER};
    wanted.program = part(&rest);
    struct slice name = part(&rest), previous = part(&rest), value = part(&rest), host;
    expect_written_out_is_found(&wanted);
    if (spelling_in_variable(&wanted, name, value, &host))
        expect_within(value, host);
    if (spelling_in_argument(&wanted, previous, value, rest, &host))
        expect_within(value, host);
    wanted.name = name;
    if (spelling_in_argument(&wanted, previous, value, rest, &host))
        expect_within(value, host);
    return 0;
}
