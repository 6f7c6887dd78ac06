/* Figures that cannot be counted again in the new place. */
#ifndef NL_DB_COPY_FIGURES_H
#define NL_DB_COPY_FIGURES_H

#include "db/database.h"

/* The figures of issues whose deliveries were removed. All others were counted while their
 * deliveries were copied. Within the transaction of the copy. */
NL_CHECKED enum nl_status nl_copy_figures(struct nl_store *from, struct nl_store *to,
                                          struct nl_error *err) NL_ALL_NONNULL;

#endif
