/* judge.h - is what a scanner reported a mistake?
 *
 * Expands the text (expand.h), takes it apart (endpoint.h), classifies the address (policy.h, as
 * the library does at run time) and says which rule it breaks. */
#ifndef ASTRAY_CLI_JUDGE_H
#define ASTRAY_CLI_JUDGE_H

#include <stdbool.h>
#include <stddef.h>

#include <astray/endpoint.h>
#include <astray/policy.h>

#include "expand.h"
#include "rules.h"
#include "scan.h"

/* What is the same for every file. */
struct judge_settings {
    struct policy policy; /* classes and exceptions */
    bool enabled[RULE_COUNT];
    const struct expand_values *given; /* the user's values, or NULL */
};

struct finding {
    enum rule_id rule;
    enum rule_level level;
    size_t line, column, length; /* from 0; LENGTH bytes of the file, approximately */
    size_t first_line;           /* of the statement */
    struct slice text;           /* the host, port or variable it is about, as it is written */
    struct slice name;           /* of the variable, directive or client */
    const char *message;         /* printable but for what it quotes; no full stop */
};

/* Who fills in {{...}}, ${...} and the like before the file is used? */
enum judge_template {
    JUDGE_LITERAL,             /* nobody: it stays */
    JUDGE_TEMPLATE,            /* somebody */
    JUDGE_TEMPLATE_KUBERNETES, /* somebody (Helm, Flux), but for $(NAME), which is Kubernetes' own
                                */
};

/* Of one file. */
struct judge {
    const struct judge_settings *settings;
    struct expand_values values;
    bool example; /* placeholders and documentation addresses are as they should be */
    enum judge_template template;
    bool service; /* the file sets up a server: what both sides read is for the server there */
    bool live;    /* a running process's environment */
    void (*found)(void *context, const struct finding *finding);
    void (*include)(void *context, struct slice glob);
    void *context;
    struct buffer text;  /* expanded */
    struct buffer piece; /* one of several destinations */
    struct buffer message;
};

void judge_start(struct judge *judge, const struct judge_settings *settings);
void judge_stop(struct judge *judge);

/* For scan_start(): CONTEXT is the judge. The finding is valid during the call of `found` only. */
void judge_item(void *context, const struct scan_item *item);

/* What the text of one DESTINATION breaks, judged alone: RULE_COUNT for nothing. */
enum rule_id judge_text(struct judge *judge, struct slice text);

/* Is it a URL that names no host of the network: by its scheme (unix:///run/x), or with no host
 * where its scheme needs none (redis:///0)? */
bool judge_names_no_host(const struct endpoint *endpoint);

#endif
