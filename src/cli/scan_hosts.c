#include "scan.h"

#include <string.h>

/* ADDRESS NAME...: whoever looks NAME up is sent to ADDRESS. But 0.0.0.0 and `::` block a name on
 * purpose, and the rows that every system ships (ip6-allnodes, broadcasthost) are no mistakes:
 * these are reported as SCAN_BIND. */
static bool on_purpose(struct slice address, struct slice names)
{
    static const char *const stock[] = {"ip6-", "broadcasthost", "localhost"};
    struct slice zeros = {.data = "0.:", .length = 3};
    size_t i = 0;
    while (i < address.length && slice_find(zeros, address.data[i]) < zeros.length)
        i++;
    if (i == address.length)
        return true;
    for (i = 0; i < sizeof stock / sizeof *stock; i++)
        if (memmem(names.data, names.length, stock[i], strlen(stock[i])) != NULL)
            return true;
    return false;
}

size_t scan_hosts(struct scan *scan, struct slice text)
{
    text.length = scan_whole_lines(scan, text);
    struct slice rest = text, line;
    for (size_t number = scan->line; scan_line(&rest, &line); number++) {
        struct slice full = line;
        line.length = slice_find(line, '#');
        line = slice_trim(line);
        size_t end = 0;
        while (end < line.length && line.data[end] != ' ' && line.data[end] != '\t')
            end++;
        struct slice address = {.data = line.data, .length = end};
        struct slice names = slice_trim(slice_from(line, end));
        if (address.length == 0 || names.length == 0)
            continue;
        struct scan_word at = {
            .line = number, .column = (size_t)(address.data - full.data), .length = address.length};
        scan->first_line = number;
        scan_item(scan, on_purpose(address, names) ? SCAN_BIND : SCAN_DESTINATION, SCAN_HOST, names,
                  address, &at);
    }
    return text.length;
}
