/* driver.c - stands in for libFuzzer where the compiler has none.
 *
 * Runs a target over every file of the directories in its arguments and then over a bounded
 * number of mutations of them. The sequence is the same in every run. Options (-name=value)
 * are libFuzzer's, and ignored. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MAX 8192
#define INPUTS_MAX 4096
#define MUTATIONS 20000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    uint8_t *data;
    size_t size;
};

static struct input inputs[INPUTS_MAX];
static size_t input_count;
static uint64_t state = 0x9e3779b97f4a7c15;

static uint32_t number_below(uint32_t limit)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)((state >> 32) % limit);
}

/* A copy of exactly SIZE bytes, so that the sanitizer sees a read behind its end. */
static void run(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);
    if (copy == NULL)
        abort();
    memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void add_file(const char *directory, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL || input_count == INPUTS_MAX)
        return;
    uint8_t *data = malloc(INPUT_MAX);
    if (data == NULL)
        abort();
    inputs[input_count++] = (struct input){data, fread(data, 1, INPUT_MAX, file)};
    fclose(file);
}

static void add_directory(const char *path)
{
    DIR *directory = opendir(path);
    if (directory == NULL)
        return;
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        if (entry->d_name[0] != '.')
            add_file(path, entry->d_name);
    }
    closedir(directory);
}

static size_t mutate(uint8_t data[static INPUT_MAX], size_t size)
{
    static const char telling[] = "0.:/[]@%#=\\\"'{}, \t\r\n\0\377-+xXfF19";

    for (uint32_t times = 1 + number_below(6); times > 0; times--) {
        size_t at = size > 0 ? number_below((uint32_t)size) : 0;
        switch (number_below(5)) {
        case 0:
            if (size > 0)
                data[at] ^= (uint8_t)(1u << number_below(8));
            break;
        case 1:
            if (size < INPUT_MAX) {
                memmove(data + at + 1, data + at, size - at);
                data[at] = (uint8_t)telling[number_below(sizeof telling)];
                size++;
            }
            break;
        case 2:
            if (size > 0) {
                memmove(data + at, data + at + 1, size - at - 1);
                size--;
            }
            break;
        case 3:
            size = at;
            break;
        default: {
            const struct input *other = &inputs[number_below((uint32_t)input_count)];
            size_t length = other->size > 0 ? number_below((uint32_t)other->size) : 0;
            if (length > INPUT_MAX - at)
                length = INPUT_MAX - at;
            memcpy(data + at, other->data, length);
            if (at + length > size)
                size = at + length;
        }
        }
    }
    return size;
}

int main(int argc, char **argv)
{
    static uint8_t data[INPUT_MAX];

    inputs[input_count++] = (struct input){data, 0};
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] != '-')
            add_directory(argv[i]);
    }
    for (size_t i = 0; i < input_count; i++)
        run(inputs[i].data, inputs[i].size);
    for (uint32_t i = 0; i < MUTATIONS; i++) {
        const struct input *from = &inputs[number_below((uint32_t)input_count)];
        memmove(data, from->data, from->size);
        run(data, mutate(data, from->size));
    }
    printf("%zu inputs and %d mutations\n", input_count, MUTATIONS);
    return EXIT_SUCCESS;
}
