#include "check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char check_baseline_head[] =
    "# astray check: known findings, by content; written by --write-baseline\n";

/* Sixteen hexadecimal digits at the start of LINE. */
static bool parse_print(const char *line, uint64_t *out)
{
    uint64_t print = 0;
    for (int i = 0; i < 16; i++) {
        char c = line[i];
        int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (digit < 0)
            return false;
        print = print << 4 | (uint64_t)digit;
    }
    if (line[16] != ' ' && line[16] != '\n' && line[16] != '\0')
        return false;
    *out = print;
    return true;
}

static int by_print(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

int check_baseline_read(struct check_baseline *baseline, const char *path)
{
    char *line = NULL;
    size_t size = 0;
    int error = 0;
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return -errno;
    while (getline(&line, &size, file) >= 0) {
        uint64_t print;
        if (line[0] == '#' || line[0] == '\n')
            continue;
        if (!parse_print(line, &print)) {
            error = -EINVAL;
            break;
        }
        if (baseline->count == baseline->size) {
            baseline->size = baseline->size == 0 ? 64 : baseline->size * 2;
            baseline->prints =
                buffer_resize(baseline->prints, baseline->size * sizeof *baseline->prints);
        }
        baseline->prints[baseline->count++] = print;
    }
    if (ferror(file) && error == 0)
        error = -EIO;
    free(line);
    fclose(file);
    if (baseline->count > 1)
        qsort(baseline->prints, baseline->count, sizeof *baseline->prints, by_print);
    return error;
}

bool check_baseline_has(const struct check_baseline *baseline, uint64_t print)
{
    return baseline->count > 0 && bsearch(&print, baseline->prints, baseline->count,
                                          sizeof *baseline->prints, by_print) != NULL;
}

int check_baseline_write(FILE *file, const struct check_result *result)
{
    for (size_t i = 0; i < result->count; i++) {
        const struct check_finding *finding = &result->findings[i];
        fprintf(file, "%016llx %s ", (unsigned long long)finding->fingerprint,
                rules[finding->rule].slug);
        for (const char *c = result->path; *c != '\0'; c++)
            fputc((unsigned char)*c < ' ' ? '?' : *c, file);
        fputc('\n', file);
    }
    return ferror(file) ? -EIO : 0;
}

void check_baseline_free(struct check_baseline *baseline)
{
    free(baseline->prints);
    *baseline = (struct check_baseline){0};
}
