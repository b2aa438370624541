/* See fuzz_scan.h. */
#include "fuzz_scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_scan(scan_pairs, data, size);
}
