/* The proof of work of a form: a little of a visitor's time, and a lot of a robot's. Nothing is
 * asked of third parties. */
#ifndef NL_WEB_PROOF_H
#define NL_WEB_PROOF_H

#include <stdbool.h>

enum { NL_PROOF_BITS = 18 };

/* Whether the SHA-256 digest of "STAMP:PROOF" begins with NL_PROOF_BITS zero bits. Both may be
 * NULL. */
bool nl_proof_is_good(const char *stamp, const char *proof);

#endif
