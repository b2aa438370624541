/* sight.h - what one record says that is worth counting. */
#ifndef ASTRAY_CLI_SIGHT_H
#define ASTRAY_CLI_SIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include <astray/record.h>
#include <astray/text.h>

enum group_kind {
    GROUP_STRAY,  /* destinations that cannot be right */
    GROUP_FAILED, /* ordinary destinations that failed */
    GROUP_NOTE,   /* settings that could not be understood */
    GROUP_KINDS
};

/* What is known of a group; the first that was seen where it differs. */
enum group_text {
    GROUP_CLASS,
    GROUP_ADDRESS, /* as the program wrote it */
    GROUP_IP,
    GROUP_PORT,
    GROUP_DOMAIN,
    GROUP_PROGRAM,
    GROUP_SCRIPT,   /* the nearest ancestor that says something; empty for a shell, init, ... */
    GROUP_ORIGIN,   /* "argv:3", "env:API_URL@deploy.sh", without the pid; empty for none */
    GROUP_VARIABLE, /* the variable of such an origin */
    GROUP_UNIT,
    GROUP_HOST,
    GROUP_USER,
    GROUP_RUN,
    GROUP_ACTION,
    GROUP_OUTCOME,
    GROUP_INTRODUCER, /* "deploy.sh[4710]": who set the variable */
    GROUP_ARGUMENT,   /* the argument of an origin "argv:3" */
    GROUP_MESSAGE,    /* for notes */
    GROUP_NAT_IP,
    GROUP_ANCESTRY, /* a raw list: who started the program, the nearest first */
    GROUP_TEXTS
};

/* Texts that are longer are no work of ours; "..." stands for them. */
#define SIGHT_TEXT_MAX 2048

struct sight {
    enum group_kind kind;
    bool attempt, outcome; /* what the record is of; both for a call that told at once */
    uint64_t time;         /* microseconds since the epoch; 0 for none */
    const struct record_line *line;
    struct slice texts[GROUP_TEXTS]; /* raw, within the line; empty, never NULL, for none */
};

/* Reads all but the texts. LINE is borrowed. */
void sight_read(const struct record_line *line, struct sight *sight);

/* Reads the texts of a SIGHT that has been read. */
void sight_read_texts(struct sight *sight);

/* How many others a record tells of in FIELD (RECORD_SUPPRESSED, RECORD_DROPPED): 0 for more than
 * the library can count, so that no sum of them wraps. */
uint64_t sight_others(const struct record_line *line, enum record_field field);

/* What an outcome came to, where it has a name: "ECONNREFUSED", "abandoned",
 * "connected-to-itself"; raw, and empty for none. */
struct slice sight_error(const struct sight *sight);

/* Was it promised by TCP fast open before? */
bool sight_is_fast_open(const struct sight *sight);

#endif
