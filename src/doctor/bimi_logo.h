/* SVG Tiny Portable/Secure (draft-svg-tiny-ps-abrotman), the profile of logos for BIMI. */
#ifndef NL_DOCTOR_BIMI_LOGO_H
#define NL_DOCTOR_BIMI_LOGO_H

#include <stddef.h>

/* Calls `each` for everything in data[0..len) that the profile does not allow, each kind once. */
void nl_bimi_logo_check(const char *data, size_t len, void (*each)(const char *problem, void *ctx),
                        void *ctx);

#endif
