/* Which issues have no deliveries any more (store/removal.c), as SQL. */
#ifndef NEWSLETTER_DB_REMOVED_H
#define NEWSLETTER_DB_REMOVED_H

/* The key of the setting that says so. `issue` is its number: a column, or a parameter. */
#define NL_REMOVED_KEY(issue) "'deliveries removed ' || CAST(" issue " AS BIGINT)"

/* Whether deliveries of `issue`, a column, were removed, or are about to be. */
#define NL_IS_REMOVED(issue) "EXISTS (SELECT 1 FROM setting WHERE key = " NL_REMOVED_KEY(issue) ")"

#endif
