#include "newsletter/store/person.h"

#include "newsletter/base/catalog.h"

#include "store/event.h"

#include <stdlib.h>

enum nl_status nl_person_read(struct nl_store *store, int64_t subscriber, struct nl_person *out,
                              struct nl_error *err) {
    *out = (struct nl_person){0};
    enum nl_status status =
        nl_sql_first(store, err, NULL,
                     "SELECT id, address, name, language, attributes FROM subscriber WHERE id = ?",
                     NL_VALUES(NL_INT(subscriber)),
                     NL_COLUMNS(NL_INTO(&out->id), NL_INTO(&out->address), NL_INTO(&out->name),
                                NL_INTO(&out->language), NL_INTO(&out->attributes)));
    if (status == NL_OK && out->id == 0)
        status = nl_error_set(err, NL_NOTFOUND, NL_TEXT("there is no such subscriber"));
    if (status != NL_OK)
        nl_person_free(out);
    return status;
}

void nl_person_free(struct nl_person *person) {
    free(person->address);
    free(person->name);
    free(person->language);
    free(person->attributes);
    *person = (struct nl_person){0};
}

enum nl_status nl_person_write(struct nl_store *store, const struct nl_person *person,
                               struct nl_error *err) {
    enum nl_status status = nl_sql_run(
        store, err,
        "UPDATE subscriber SET name = ?, language = ?, attributes = coalesce(?, '{}') WHERE id = ?",
        NL_VALUES(NL_STRING(person->name), NL_STRING(person->language),
                  NL_STRING(person->attributes), NL_INT(person->id)));
    return status == NL_OK ? nl_event_add(store, "edited", 0, person->id, 0, "operator", err)
                           : status;
}
