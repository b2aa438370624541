/* buffer.h - bytes that grow. One owner; buffer_free() at the end. */
#ifndef ASTRAY_CLI_BUFFER_H
#define ASTRAY_CLI_BUFFER_H

#include <stddef.h>

#include <astray/text.h>

struct buffer {
    char *data; /* NULL while nothing was ever added */
    size_t length;
    size_t size;
};

/* Adds to the end. Out of memory ends the command with EXIT_TROUBLE. */
void buffer_byte(struct buffer *buffer, char byte);
void buffer_bytes(struct buffer *buffer, const char *bytes, size_t length);
void buffer_slice(struct buffer *buffer, struct slice slice);
void buffer_string(struct buffer *buffer, const char *string);
void buffer_number(struct buffer *buffer, unsigned long long number);

/* Makes room for LENGTH more bytes and returns where they begin. */
char *buffer_reserve(struct buffer *buffer, size_t length);

/* All of it, and what stands from START on; valid until the buffer changes. */
struct slice buffer_all(const struct buffer *buffer);
struct slice buffer_from(const struct buffer *buffer, size_t start);

/* Ends the bytes with a NUL that does not count, and returns them. */
char *buffer_finish(struct buffer *buffer);

void buffer_free(struct buffer *buffer);

/* Memory, or the end of the command. SIZE 0 gives a pointer all the same. */
void *buffer_allocate(size_t size);
void *buffer_resize(void *memory, size_t size);
char *buffer_copy(struct slice text); /* with a NUL; free() it */

#endif
