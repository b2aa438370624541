#include "buffer.h"

#include <stdlib.h>
#include <string.h>

#include "opt.h"
#include "say.h"

void *buffer_resize(void *memory, size_t size)
{
    void *result = realloc(memory, size > 0 ? size : 1);
    if (result == NULL) {
        say_error("out of memory", NULL, "the work was not done");
        exit(EXIT_TROUBLE);
    }
    return result;
}

void *buffer_allocate(size_t size)
{
    return buffer_resize(NULL, size);
}

char *buffer_copy(struct slice text)
{
    char *copy = buffer_allocate(text.length + 1);
    if (text.length > 0)
        memcpy(copy, text.data, text.length);
    copy[text.length] = '\0';
    return copy;
}

char *buffer_reserve(struct buffer *buffer, size_t length)
{
    if (buffer->size - buffer->length < length) {
        size_t size = buffer->size < 64 ? 64 : buffer->size * 2;
        if (size - buffer->length < length)
            size = buffer->length + length;
        buffer->data = buffer_resize(buffer->data, size);
        buffer->size = size;
    }
    return buffer->data + buffer->length;
}

void buffer_byte(struct buffer *buffer, char byte)
{
    *buffer_reserve(buffer, 1) = byte;
    buffer->length++;
}

void buffer_bytes(struct buffer *buffer, const char *bytes, size_t length)
{
    if (length == 0)
        return;
    memcpy(buffer_reserve(buffer, length), bytes, length);
    buffer->length += length;
}

void buffer_slice(struct buffer *buffer, struct slice slice)
{
    buffer_bytes(buffer, slice.data, slice.length);
}

void buffer_string(struct buffer *buffer, const char *string)
{
    buffer_slice(buffer, slice_of(string));
}

void buffer_number(struct buffer *buffer, unsigned long long number)
{
    char digits[24];
    struct text text;
    text_start(&text, digits, sizeof digits);
    text_number(&text, number);
    buffer_slice(buffer, text_done(&text));
}

struct slice buffer_all(const struct buffer *buffer)
{
    return (struct slice){.data = buffer->data, .length = buffer->length};
}

struct slice buffer_from(const struct buffer *buffer, size_t start)
{
    return slice_from(buffer_all(buffer), start);
}

char *buffer_finish(struct buffer *buffer)
{
    *buffer_reserve(buffer, 1) = '\0';
    return buffer->data;
}

void buffer_free(struct buffer *buffer)
{
    if (buffer == NULL)
        return;
    free(buffer->data);
    *buffer = (struct buffer){0};
}
