/* Masking reads three texts: they are cut at NULs. A secret that is long and stands where an
 * option, a header, a variable or a URL says so must not come out again. */
#include <astray/mask.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SECRET "Zq7Zq7Zq7Zq7"

static struct slice part(struct slice *rest)
{
    struct slice piece = {0};
    slice_cut(rest, '\0', &piece);
    return piece;
}

static void expect_hidden(struct slice program, const char *argument)
{
    char out[512];
    struct text text;
    text_start(&text, out, sizeof out);
    mask_argument(program, (struct slice){0}, slice_of(argument), &text);
    if (memmem(out, text.length, SECRET, strlen(SECRET)) != NULL)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char out[4096];
    struct slice rest = {.data = (const char *)data, .length = size};
    struct slice program = part(&rest), previous = part(&rest), argument = rest;
    struct text text;
    text_start(&text, out, sizeof out);
    mask_argument(program, previous, argument, &text);
    if (text.length > sizeof out)
        abort();
    expect_hidden(program, "http://u:" SECRET "@h/");
    expect_hidden(program, "--password=" SECRET);
    expect_hidden(program, "API_TOKEN=" SECRET);
    expect_hidden(program, "Authorization: Bearer " SECRET);
    expect_hidden(program, "http://h/?token=" SECRET "&x=1");
    return 0;
}
