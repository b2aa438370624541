/* rules.h - what `astray check` finds, each by a name: its level, what happens at run time and
 * how to write it right. */
#ifndef ASTRAY_CLI_RULES_H
#define ASTRAY_CLI_RULES_H

#include <stdbool.h>

#include <astray/addr.h>
#include <astray/text.h>

enum rule_level { RULE_NOTE, RULE_WARNING, RULE_ERROR };

enum rule_id {
    RULE_UNSPECIFIED,
    RULE_THIS_NETWORK,
    RULE_PROTOCOL_ASSIGNMENT,
    RULE_DUMMY,
    RULE_DOCUMENTATION,
    RULE_DEPRECATED,
    RULE_RESERVED,
    RULE_DISCARD_ONLY,
    RULE_BROADCAST,
    RULE_MULTICAST,
    RULE_LINK_LOCAL_NO_ZONE,
    RULE_PORT_ZERO,
    RULE_BAD_PORT,
    RULE_EMPTY_HOST,
    RULE_UNEXPANDED_VARIABLE,
    RULE_UNSET_VARIABLE,
    RULE_NULL_HOST,
    RULE_LEGACY_ADDRESS,
    RULE_PORT_AS_HOST,
    RULE_UNBRACKETED_IPV6,
    RULE_RESERVED_NAME,
    RULE_NON_ASCII_DIGITS,
    RULE_UNUSED_IGNORE,
    RULE_UNPARSABLE,
    RULE_UNREADABLE,
    RULE_COUNT
};

struct rule {
    const char *slug;
    enum rule_level level;
    bool opt_in;         /* off unless asked for */
    const char *summary; /* one line, no full stop */
    const char *fix;     /* how to write it right, in one line */
    const char *why;     /* a paragraph */
    const char *happens; /* at run time */
    const char *right;   /* an example */
    const char *source;
};

/* RULE_COUNT rows, in the order above. */
extern const struct rule rules[];

/* The rule called SLUG, or RULE_COUNT. */
enum rule_id rules_named(struct slice slug);

/* The rule of a stray class; RULE_COUNT for one that has none. */
enum rule_id rules_of_class(enum addr_class class);

const char *rules_level_name(enum rule_level level);

#endif
