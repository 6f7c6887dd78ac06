/* Standard input, output and error. */
#ifndef NEWSLETTER_BASE_STANDARD_FILES_H
#define NEWSLETTER_BASE_STANDARD_FILES_H

#include "newsletter/base/attribute.h"

#include <stdbool.h>

/* Takes the places of those that are closed. A file or a connection of ours would get the number
 * otherwise, and be written to by the next message. Reading and writing go on to fail there. False
 * where that cannot be done. */
NL_CHECKED bool nl_standard_files_hold(void);

#endif
