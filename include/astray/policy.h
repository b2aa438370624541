/* policy.h - settings, and the one verdict that everything calls.
 *
 * The hooks, `astray explain` and `astray check` all judge with the functions
 * here, so they cannot disagree. Pure and async-signal-safe. */
#ifndef ASTRAY_POLICY_H
#define ASTRAY_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <astray/addr.h>
#include <astray/endpoint.h>
#include <astray/text.h>

/* ---- settings --------------------------------------------------------- */

/* A row a setting (core/policy_settings.def). The same table drives the environment,
 * astray.conf, the options of `astray run` and `astray env`, their help, the manual
 * pages and the completions. */
struct policy_setting {
    const char *key;      /* "log_limit": in astray.conf; --log-limit on the command line */
    const char *variable; /* "ASTRAY_LOG_LIMIT" */
    const char *value;    /* how help names the value: "SIZE" */
    const char *choices;  /* "audit|rewrite|block" where these are all; else NULL */
    const char *initial;  /* the default, as text */
    const char *run;      /* the default below `astray run`; NULL: the same */
    const char *summary;  /* one line for help, without a full stop */
    const char *details;  /* a paragraph for the manual, or NULL */
};

extern const struct policy_setting policy_settings[];
extern const size_t policy_setting_count;

enum policy_mode { POLICY_AUDIT, POLICY_REWRITE, POLICY_BLOCK };
enum policy_origin { POLICY_ORIGIN_OWN, POLICY_ORIGIN_PARENTS, POLICY_ORIGIN_NONE };
enum policy_log { POLICY_LOG_FILE, POLICY_LOG_SYSLOG, POLICY_LOG_STDERR, POLICY_LOG_NONE };

#define POLICY_TEXT_SIZE 256 /* the longest log path, only, skip or run, with its NUL */
#define POLICY_ALLOW_MAX 64

/* Never stray: addresses within the first LENGTH bits of ADDR, at PORT, or at
 * every port when PORT is ENDPOINT_NO_PORT. */
struct policy_allow {
    struct addr addr;
    uint8_t length;
    int32_t port;
};

struct policy {
    enum policy_mode mode;
    enum policy_origin origin;
    enum policy_log log;
    bool disabled;
    bool failures;
    bool strip_deepbind;
    bool mask_arguments;      /* false: no arguments are logged at all */
    bool plain;               /* addr_surely_fine() may be trusted: no class was added */
    addr_class_set stray;     /* what is stray */
    addr_class_set rewritten; /* of these, what rewrite mode touches */
    uint64_t log_limit;       /* bytes */
    uint32_t rate;            /* records a second and process; 0: no limit */
    struct addr rewrite_v4;   /* family ADDR_NONE: none given */
    struct addr rewrite_v6;
    size_t allow_count;
    struct policy_allow allow[POLICY_ALLOW_MAX];
    char log_path[POLICY_TEXT_SIZE]; /* with its %u, %p and %e; for POLICY_LOG_FILE */
    char only[POLICY_TEXT_SIZE];     /* globs, separated by commas or blanks */
    char skip[POLICY_TEXT_SIZE];
    char run[POLICY_TEXT_SIZE];
};

/* What is wrong with a setting. KEY and VALUE point into what was given, VALUE at the
 * one item of a list that is wrong; REASON is a constant ("is not a class"). */
struct policy_problem {
    struct slice key;
    struct slice value;
    const char *reason;
};

/* The default of every setting. */
extern const struct policy policy_initial;

/* A copy of it. */
void policy_start(struct policy *policy);

/* Sets KEY (its name in astray.conf, '-' taken for '_') to VALUE; blanks around VALUE
 * do not count, and an empty one stands for the default. False, with *PROBLEM filled
 * in and the policy as it was, when either is not understood. */
bool policy_set(struct policy *policy, struct slice key, struct slice value,
                struct policy_problem *problem);

/* The setting whose environment variable is NAME, or NULL. */
const struct policy_setting *policy_setting_of_variable(struct slice name);

/* Takes the next `key = value` out of *REST, the text of an astray.conf: `#`
 * begins a comment at the start of a line or behind a blank, blanks around key
 * and value do not count. Returns false at the end. A line that is no setting
 * gives its text as *KEY and an empty *VALUE whose data is NULL. */
bool policy_next_line(struct slice *rest, struct slice *key, struct slice *value);

/* Does the policy concern the program EXECUTABLE (a path)? By `only` and `skip`; a
 * glob without '/' is matched against the last part of the path. */
bool policy_concerns(const struct policy *policy, struct slice executable);

/* ---- verdict ---------------------------------------------------------- */

enum policy_socket { POLICY_SOCKET_OTHER, POLICY_SOCKET_STREAM, POLICY_SOCKET_DATAGRAM };

/* A datagram socket's connect() is an address probe as often as not, a send is
 * meant. For a stream both are one (TCP fast open). */
enum policy_call { POLICY_CONNECT, POLICY_SEND };

/* What the system says of the socket and the address; asked for only once a
 * destination is suspect. */
struct policy_facts {
    enum policy_socket socket;
    enum policy_call call;
    bool bound;    /* to a local address */
    bool device;   /* to a network device */
    bool routed;   /* a unicast or local route more specific than the default leads there */
    bool sinkhole; /* the address was the answer to a *name* */
};

enum policy_action { POLICY_NONE, POLICY_DETECT, POLICY_DO_REWRITE, POLICY_DO_BLOCK };

struct verdict {
    enum policy_action action; /* POLICY_NONE: not stray */
    enum addr_class class;     /* with POLICY_NONE: the class that is not stray */
    const char *skipped;       /* rewrite mode, but not rewritten: why, else NULL; one of
                                  "sinkhole", "datagram", "port-zero", "class" (not in
                                  rewritten), "bound-address", "bound-device", "no-target" */
    struct addr target;        /* of POLICY_DO_REWRITE; family and port stay as they are */
};

/* Can DESTINATION be stray at all? The hot path: false for a clean one, at the
 * cost of a few comparisons, and for one that is allowed. When true, ask the facts
 * and judge. */
bool policy_suspects(const struct policy *policy, const struct destination *destination);

/* Is the answer to policy_facts.routed of any importance here? */
bool policy_wants_route(const struct policy *policy, const struct destination *destination);

/* The verdict. Complete in itself: a destination that is not suspect gets POLICY_NONE. */
struct verdict policy_judge(const struct policy *policy, const struct destination *destination,
                            const struct policy_facts *facts);

const char *policy_mode_name(enum policy_mode mode);

/* "detected", "rewritten", "blocked"; "" for POLICY_NONE. */
const char *policy_action_name(enum policy_action action);

#endif
