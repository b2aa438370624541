#include <astray/text.h>

#include <string.h>

struct slice slice_of(const char *string)
{
    if (string == NULL)
        return (struct slice){0};
    return (struct slice){.data = string, .length = strlen(string)};
}

bool slice_equal(struct slice a, struct slice b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool slice_equal_fold(struct slice a, struct slice b)
{
    if (a.length != b.length)
        return false;
    for (size_t i = 0; i < a.length; i++)
        if (lower(a.data[i]) != lower(b.data[i]))
            return false;
    return true;
}

bool slice_starts_with(struct slice whole, struct slice start)
{
    return whole.length >= start.length &&
           slice_equal((struct slice){whole.data, start.length}, start);
}

bool slice_ends_with(struct slice whole, struct slice end)
{
    return whole.length >= end.length &&
           slice_equal(slice_from(whole, whole.length - end.length), end);
}

struct slice slice_from(struct slice whole, size_t start)
{
    if (whole.data == NULL || start > whole.length)
        return (struct slice){0};
    return (struct slice){.data = whole.data + start, .length = whole.length - start};
}

uint64_t slice_hash(uint64_t hash, struct slice text)
{
    for (size_t i = 0; i < text.length; i++)
        hash = (hash ^ (unsigned char)text.data[i]) * UINT64_C(1099511628211);
    return hash;
}

size_t slice_find(struct slice whole, char byte)
{
    const char *at = whole.length == 0 ? NULL : memchr(whole.data, byte, whole.length);
    return at == NULL ? whole.length : (size_t)(at - whole.data);
}

struct slice slice_base(struct slice path)
{
    size_t start = path.length;
    while (start > 0 && path.data[start - 1] != '/')
        start--;
    return slice_from(path, start);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct slice slice_trim(struct slice whole)
{
    while (whole.length > 0 && is_blank(whole.data[whole.length - 1]))
        whole.length--;
    size_t start = 0;
    while (start < whole.length && is_blank(whole.data[start]))
        start++;
    return slice_from(whole, start);
}

bool slice_cut(struct slice *rest, char separator, struct slice *piece)
{
    if (rest->data == NULL)
        return false;
    size_t end = slice_find(*rest, separator);
    *piece = (struct slice){.data = rest->data, .length = end};
    *rest = slice_from(*rest, end + 1);
    return true;
}

bool slice_number(struct slice text, uint64_t max, uint64_t *out)
{
    uint64_t number = 0;
    if (text.length == 0 || text.length > 20)
        return false;
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        unsigned digit = (unsigned)(text.data[i] - '0');
        if (digit > max || number > (max - digit) / 10)
            return false;
        number = number * 10 + digit;
    }
    *out = number;
    return true;
}

bool slice_matches(struct slice text, struct slice glob)
{
    size_t t = 0, g = 0;
    size_t star = SIZE_MAX, resume = 0; /* the last '*', and where its text ended */
    while (t < text.length) {
        if (g < glob.length && glob.data[g] == '*') {
            star = g++;
            resume = t;
        } else if (g < glob.length && (glob.data[g] == '?' || glob.data[g] == text.data[t])) {
            t++;
            g++;
        } else if (star != SIZE_MAX) {
            g = star + 1;
            t = ++resume;
        } else {
            return false;
        }
    }
    while (g < glob.length && glob.data[g] == '*')
        g++;
    return g == glob.length;
}

void text_start(struct text *text, char *data, size_t size)
{
    *text = (struct text){.data = data, .size = size};
}

void text_bytes(struct text *text, const char *bytes, size_t length)
{
    if (text->cut || length == 0)
        return;
    size_t room = text->size - text->length;
    if (length > room) {
        text->cut = true;
        length = room;
    }
    memcpy(text->data + text->length, bytes, length);
    text->length += length;
}

void text_char(struct text *text, char c)
{
    text_bytes(text, &c, 1);
}

void text_string(struct text *text, const char *string)
{
    text_slice(text, slice_of(string));
}

void text_slice(struct text *text, struct slice slice)
{
    text_bytes(text, slice.data, slice.length);
}

void text_number(struct text *text, uint64_t number)
{
    text_number_padded(text, number, 1);
}

void text_number_padded(struct text *text, uint64_t number, unsigned digits)
{
    char buffer[20];
    size_t start = sizeof buffer;
    do {
        buffer[--start] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0 || (sizeof buffer - start < digits && start > 0));
    text_bytes(text, buffer + start, sizeof buffer - start);
}

char *text_finish(struct text *text)
{
    if (text->length == text->size) {
        text->length--;
        text->cut = true;
    }
    text->data[text->length] = '\0';
    return text->data;
}

struct slice text_done(const struct text *text)
{
    return (struct slice){.data = text->data, .length = text->length};
}
