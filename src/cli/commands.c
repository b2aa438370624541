#include <stddef.h>

#include "opt.h"

extern const struct command cmd_env;

/* A row a command. */
const struct command *const commands[] = {
    &cmd_env,
    NULL,
};
