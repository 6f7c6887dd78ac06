#include "newsletter/report/facts.h"
#include "newsletter/service/receipts.h"
#include "newsletter/store/link.h"
#include "newsletter/store/list.h"

#include <string.h>

enum nl_status nl_receipt_link_find(struct nl_store *store, const char *token,
                                    struct nl_receipt_link *out, struct nl_error *err) {
    struct nl_link link = {0};
    enum nl_status status = nl_link_find(store, token, NL_LINK_RECEIPT, &link, err);
    *out = (struct nl_receipt_link){link.subscriber, link.list};
    if (status != NL_NOTFOUND)
        return status;
    nl_error_free(err);
    status = nl_link_find(store, token, NL_LINK_PREFERENCES, &link, err);
    *out = (struct nl_receipt_link){.subscriber = link.subscriber};
    return status;
}

enum nl_status nl_office_receipts_by_link(const struct nl_office *office,
                                          const struct nl_receipt_link *link, json_t **out,
                                          struct nl_error *err) {
    const struct nl_who who = {.id = link->subscriber};
    struct nl_list list = {0};
    enum nl_status status = nl_office_receipts(office, &who, out, err);
    if (status == NL_OK && link->list != 0)
        status = nl_list_get(office->store, link->list, &list, err);
    for (size_t i = json_array_size(*out); status == NL_OK && link->list != 0 && i > 0; i--) {
        const json_t *purpose = json_object_get(json_array_get(*out, i - 1), "purpose");
        if (strcmp(nl_facts_word(purpose, "list_id"), list.list_id) != 0)
            json_array_remove(*out, i - 1);
    }
    nl_list_free(&list);
    return status;
}
