/* spelling.h - does this text mean that destination?
 *
 * Decides whether an argument or an environment variable is where an address came
 * from. Wrong is worse than none: a text matches when host and port match, spelled as
 * the client would read it, or when the host matches and its role is known from the
 * name of the variable or option. A bare number without a role never matches.
 *
 * A role comes from the last word of the name (API_HOST, --db-url, proxyHost), or from a letter
 * of a program that uses it so (`psql -h`). None: an address to listen on (BIND_ADDR,
 * HOST=0.0.0.0), a number of a name that is a switch (USE_PROXY=0); never anything:
 * no_proxy, SSH_CONNECTION, our own settings. A port that is written must match; a
 * companion such as API_PORT is not looked at, but `port=` in the same text is.
 * Pure and async-signal-safe. */
#ifndef ASTRAY_SPELLING_H
#define ASTRAY_SPELLING_H

#include <stdbool.h>

#include <astray/endpoint.h>
#include <astray/text.h>

/* What is looked for. A `name` that is no literal is how the address came about: then only that
 * name matches, in either case and with or without a final dot, and no number does. */
struct spelling_wanted {
    struct destination destination;
    struct slice name;    /* the text that was looked up and gave the address, or empty */
    struct slice program; /* base name of the client's executable ("curl"), or empty */
};

/* Does the variable NAME=VALUE lead there? If so, *HOST is the host as it is written
 * in VALUE ("0" of "0:80"). */
bool spelling_in_variable(const struct spelling_wanted *wanted, struct slice name,
                          struct slice value, struct slice *host);

/* Does ARGUMENT, behind the argument PREVIOUS (empty for none) and before NEXT (a
 * client's `HOST PORT`; empty for none), lead there? Tokens inside are looked at too: `sh -c
 * 'curl http://0:80'`, `/dev/tcp/0/80`, `host=0 port=80`, `--url=http://0:80`. */
bool spelling_in_argument(const struct spelling_wanted *wanted, struct slice previous,
                          struct slice argument, struct slice next, struct slice *host);

#endif
