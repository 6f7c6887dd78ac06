/* Mailing lists. */
#ifndef NEWSLETTER_STORE_LIST_H
#define NEWSLETTER_STORE_LIST_H

#include "newsletter/db/handle.h"

/* Optional texts are NULL when unset. Free with nl_list_free. */
struct nl_list {
    int64_t id;
    char *uuid;
    char *name;           /* what commands call it: [a-z0-9-]+ */
    char *title;          /* what people call it */
    char *list_id;        /* RFC 2919, without the angle brackets */
    char *sender;         /* From: "Name <address>" or an address */
    char *reply_to;       /* an address */
    char *owner;          /* List-Owner: an address */
    char *language;       /* RFC 5646 tag, such as en */
    char *archive_url;    /* List-Archive */
    char *subscribe_url;  /* List-Subscribe */
    char *postal_address; /* printed below each issue */
    bool is_private;      /* neither in the archive nor among the lists to join */
};

/* How many subscriptions are in which state. */
struct nl_list_counts {
    int64_t pending, active, unsubscribed, bounced, complained;
};

/* Checks every field (header-safe, addresses and URLs well-formed) and fills the defaults: the
 * title from the name, the List-Id from name and sender domain, the language en. */
NL_CHECKED enum nl_status nl_list_check(struct nl_list *list, struct nl_error *err) NL_ALL_NONNULL;

/* Adds `list`, whose fields nl_list_check has passed; NL_EXISTS when the name is taken. */
NL_CHECKED enum nl_status nl_list_add(struct nl_store *store, struct nl_list *list,
                                      struct nl_error *err) NL_ALL_NONNULL;

/* Writes all fields but name and uuid of the list with this id. */
NL_CHECKED enum nl_status nl_list_update(struct nl_store *store, const struct nl_list *list,
                                         struct nl_error *err) NL_ALL_NONNULL;

/* Finds by name; with `name` NULL, the only list there is. NL_NOTFOUND names the choices. */
NL_CHECKED enum nl_status nl_list_find(struct nl_store *store, const char *name,
                                       struct nl_list *out, struct nl_error *err)
    NL_NONNULL(1, 3, 4);

NL_CHECKED enum nl_status nl_list_get(struct nl_store *store, int64_t id, struct nl_list *out,
                                      struct nl_error *err) NL_ALL_NONNULL;

/* Calls `each` for every list by name, until it returns something else than NL_OK. */
NL_CHECKED enum nl_status nl_list_each(struct nl_store *store,
                                       enum nl_status (*each)(const struct nl_list *list, void *ctx,
                                                              struct nl_error *err),
                                       void *ctx, struct nl_error *err) NL_NONNULL(1, 2, 4);

/* Appends all that is known of a list: another text after each change of it. */
void nl_list_describe(const struct nl_list *list, struct nl_buf *out) NL_ALL_NONNULL;

NL_CHECKED enum nl_status nl_list_count(struct nl_store *store, int64_t id,
                                        struct nl_list_counts *out,
                                        struct nl_error *err) NL_ALL_NONNULL;

void nl_list_free(struct nl_list *list);

/* Gives a list another name; its List-Id stays. NL_EXISTS if there is one of that name. */
NL_CHECKED enum nl_status nl_list_rename(struct nl_store *store, int64_t list, const char *name,
                                         struct nl_error *err) NL_ALL_NONNULL;

/* How much would be removed with a list. */
struct nl_list_remains {
    int64_t issues;
    int64_t drafts; /* that were not sent */
    int64_t people; /* who are on no other list */
};
NL_CHECKED enum nl_status nl_list_remains(struct nl_store *store, int64_t list,
                                          struct nl_list_remains *out,
                                          struct nl_error *err) NL_ALL_NONNULL;

/* Removes a list with its issues, their deliveries and its subscriptions. People who are on no
 * other list are forgotten; of those who had left this one a keyed digest stays, so that no import
 * brings them back. Suppressions stay. NL_BUSY while an issue of it is scheduled, being sent or
 * paused. */
NL_CHECKED enum nl_status nl_list_remove(struct nl_store *store, int64_t list,
                                         struct nl_error *err) NL_ALL_NONNULL;

#endif
