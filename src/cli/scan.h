/* scan.h - scanners: where does a file write an address, and what for?
 *
 * A scanner knows one format. It reports what it finds to a callback, and neither knows rules nor
 * touches the system: no file, no environment, no output. What role a place has is decided by
 * tables (role.h, client.h). The check (judge.h) listens.
 *
 * Text is reported as the program of the file would see it: quotes and escapes are gone, and what
 * will be replaced when it runs stands between SCAN_OPEN, a byte of enum scan_dialect + '0', and
 * SCAN_CLOSE: "http://\xF80{HOST}\xF9:80". A `$` outside of these marks stays a `$` for ever. */
#ifndef ASTRAY_CLI_SCAN_H
#define ASTRAY_CLI_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include <astray/text.h>

#include "buffer.h"

/* Bytes that no UTF-8 text holds; where a file has them they are reported as '?'. */
#define SCAN_OPEN '\xF8'
#define SCAN_CLOSE '\xF9'

/* Who replaces what is marked. */
enum scan_dialect {
    SCAN_SHELL,      /* ${X:-word}, $((X)), $(command) */
    SCAN_CONTAINER,  /* the same, in a shell whose variables this file does not tell */
    SCAN_COMPOSE,    /* ${X:-word}, ${X:?word}; $$ is a dollar */
    SCAN_SYSTEMD,    /* ${X} anywhere, $X as a word of its own; %i */
    SCAN_KUBERNETES, /* $(X) */
    SCAN_ENVFILE,    /* ${X} and $X: some loaders replace them, some do not */
    SCAN_NGINX,      /* $x, at run time */
    SCAN_DIALECTS
};

enum scan_role {
    SCAN_DESTINATION, /* somebody connects there */
    SCAN_NAMED,       /* the name decides */
    SCAN_UNKNOWN,     /* an argument or value of no known meaning */
    SCAN_BIND,        /* an address to listen at, or another that nobody connects to */
    SCAN_SET,         /* NAME holds TEXT from here on; TEXT.data NULL: something unknown */
    SCAN_GUARD,       /* NAME was tested before it is used */
    SCAN_STRICT,      /* from here on, the use of an unset variable ends the program */
    SCAN_SOURCED,     /* variables may come from somewhere else */
    SCAN_INCLUDE,     /* TEXT names more files (a glob) */
    SCAN_TROUBLE,     /* cannot be read from here on; TEXT says why */
};

enum scan_form {
    SCAN_ENDPOINT,  /* host, host:port or URL */
    SCAN_ENDPOINTS, /* several, separated by commas, semicolons or blanks */
    SCAN_URL,       /* a URL; anything else is of no interest */
    SCAN_HOST,      /* a host alone */
    SCAN_PORT,      /* a port alone */
};

struct scan_item {
    enum scan_role role;
    enum scan_form form;
    bool sets;         /* a SCAN_NAMED value that NAME holds from here on */
    struct slice name; /* of the variable, key, option or command */
    struct slice text;
    size_t line;       /* of the file, from 0 */
    size_t column;     /* in bytes, from 0 */
    size_t length;     /* of what stands there, at least approximately */
    size_t first_line; /* where its statement begins: a comment above that is for it too */
};

/* A scan under way. Set up with scan_start(). */
struct scan {
    void (*report)(void *context, const struct scan_item *item);
    void *context;
    enum scan_dialect dialect; /* of plain values, where a scanner serves several */
    size_t line;               /* lines of the file before the text that is scanned */
    size_t first_line;         /* of the statement under way */
    struct buffer bytes;       /* scratch; grows to the longest statement */
    unsigned depth;            /* of scans inside scans */
    bool container;            /* variables come from a container that this file does not tell */
    bool last;                 /* no more text follows */
    unsigned char state;       /* between two texts of one file; the scanner's own */
    char section[64];          /* the same: the section of an INI-like file */
};

#define SCAN_DEPTH_MAX 24
#define SCAN_WORD_MAX 65536 /* longer words are not looked at */

/* A scanner: takes TEXT, whole lines of a file, reports what it finds, and returns how many bytes
 * it is done with: all of them when scan->last, else at least up to the last statement that ends
 * inside TEXT (0 when none does). The rest is given again, with more behind it. */
typedef size_t scan_function(struct scan *scan, struct slice text);

scan_function scan_env;   /* .env, EnvironmentFile, docker --env-file */
scan_function scan_shell; /* sh, bash */
scan_function scan_nginx;
scan_function scan_compose;
scan_function scan_kubernetes;
scan_function scan_yaml;    /* any other YAML, and JSON */
scan_function scan_docker;  /* Dockerfile */
scan_function scan_systemd; /* units and drop-ins */
scan_function scan_hosts;
scan_function scan_crontab; /* of a user: no name in the sixth field */
scan_function scan_crontab_system;
scan_function scan_curlrc;
scan_function scan_wgetrc;
scan_function scan_pairs; /* key = value, key: "value" on one line: ini, properties, toml, js */
scan_function scan_list;  /* NUL-separated NAME=value, as /proc/PID/environ has them */

void scan_start(struct scan *scan, void (*report)(void *context, const struct scan_item *item),
                void *context);
void scan_stop(struct scan *scan);

/* The file type of shell text that stands inside another file, at LINE and COLUMN of it. TEXT may
 * hold marks already. */
void scan_shell_inside(struct scan *scan, struct slice text, size_t line, size_t column);

/* ---- for scanners ------------------------------------------------------ */

/* A word of a command line. */
struct scan_word {
    struct slice text;
    size_t start; /* of the text in the buffer it grows in, until that stands still */
    size_t line, column, length;
};

struct scan_words {
    struct scan_word *items;
    size_t count, size;
};

/* Adds a word that begins at the end of BYTES, and returns it. */
struct scan_word *scan_words_add(struct scan_words *words, const struct buffer *bytes);

/* Points every text into BYTES, which does not change any more. A word's length in bytes is that
 * of its text so far. */
void scan_words_settle(struct scan_words *words, const struct buffer *bytes);

/* The next line of *REST without its end; false at the end. */
bool scan_line(struct slice *rest, struct slice *line);

/* How much of TEXT, which is not the last of its file, ends with a whole line; all of it when it
 * is the last. */
size_t scan_whole_lines(const struct scan *scan, struct slice text);

/* Appends RAW to OUT with what DIALECT replaces put between marks. */
void scan_mark(struct buffer *out, enum scan_dialect dialect, struct slice raw);

/* The length of the expansion that begins with the `$` or "`" at TEXT.data[0], in a shell's
 * syntax; 0 when none does. */
size_t scan_expansion(struct slice text);

/* The length of the pair of brackets that begins with the '(' at TEXT.data[0], 0 when it is not
 * closed. */
size_t scan_brackets(struct slice text);

/* Splits RAW into words as systemd, or a program that is given a command line without a shell,
 * does: quotes and backslashes, no operators. MARK says how expansions are marked, or
 * SCAN_DIALECTS for not at all. The words' bytes stand in OUT. */
void scan_split(struct buffer *out, struct scan_words *words, enum scan_dialect mark,
                struct slice raw, size_t line, size_t column);
void scan_words_free(struct scan_words *words);

/* Reports. The place is the word's. */
void scan_item(struct scan *scan, enum scan_role role, enum scan_form form, struct slice name,
               struct slice text, const struct scan_word *at);
void scan_assign(struct scan *scan, struct slice assignment, const struct scan_word *at);

/* A shell's name: a letter or underscore, then letters, digits and underscores; its length at the
 * start of TEXT, 0 for none. */
size_t scan_name_length(struct slice text);

#endif
