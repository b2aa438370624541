#include <stddef.h>

#include "opt.h"

/* A row a command. */
const struct command *const commands[] = {
    NULL,
};
