/* All tables and their columns, for copying them. */
#ifndef NL_DB_TABLES_H
#define NL_DB_TABLES_H

struct nl_table {
    const char *name;
    const char *columns; /* the first one is the key */
    const char *types;   /* a letter each, as in struct nl_value */
    int page;            /* how many rows are read at once */
};

/* In an order in which no row refers to one that comes later. A name of NULL ends it. */
extern const struct nl_table nl_tables[];

#endif
