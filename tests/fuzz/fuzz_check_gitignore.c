/* The first line is a path, the rest a .gitignore: matching ends, whatever they hold. */
#include <stdint.h>

#include "check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice rest = {.data = size == 0 ? "" : (const char *)data, .length = size}, path;
    if (!scan_line(&rest, &path))
        return 0;
    struct check_gitignore *patterns = check_gitignore_new(NULL, rest, 0);
    check_gitignore_matches(patterns, path, size % 2 == 0);
    check_gitignore_free(patterns);
    return 0;
}
