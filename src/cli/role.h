/* role.h - what a variable, key or option is for, by its name. */
#ifndef ASTRAY_CLI_ROLE_H
#define ASTRAY_CLI_ROLE_H

#include <astray/text.h>

enum role {
    ROLE_NONE,        /* an address to bind, a list, a version, a message, ... */
    ROLE_UNKNOWN,     /* the name says nothing: only a URL is looked at, and makes a note */
    ROLE_DUAL,        /* a server's address and a client's are called so: a note at most */
    ROLE_DESTINATION, /* clients connect there */
    ROLE_SERVICE,     /* the same, but ":80" alone may be what a server listens at */
    ROLE_BOTH,        /* one variable, read by the server and by its clients */
    ROLE_ADVERTISED,  /* clients are told to connect there */
    ROLE_LOOSE,       /* a destination, but a bare number or word is something else */
    ROLE_PORT,        /* a port alone */
};

/* NAME in any spelling: API_URL, api-url, apiUrl, api.url. Only names of up to 128 bytes say
 * anything. */
enum role role_of_name(struct slice name);

#endif
