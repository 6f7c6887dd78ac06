/* The bounds of a program that is not trusted, entered between fork and exec. */
#ifndef NL_BASE_PROGRAM_CAGE_H
#define NL_BASE_PROGRAM_CAGE_H

#include "newsletter/base/program.h"

#include <stdbool.h>

/* Closes the cage around this process and its children, for good. False if it does not close: then
 * the program must not be run. Calls only what may be called after a fork. */
bool nl_cage_enter(const struct nl_cage *cage, int seconds);

#endif
