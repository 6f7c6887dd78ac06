#include "newsletter/base/catalog.h"
#include "newsletter/base/zone.h"
#include "newsletter/bulletin/front_fields.h"
#include "newsletter/service/draft_library.h"
#include "newsletter/store/boilerplate.h"
#include "service/draft_begin.h"

#include <string.h>

/* Begins a draft with the texts of a template. */
struct filling {
    const struct nl_draft_beginning *self;
    const char *number; /* of the next issue; "" where the last one had none */
    size_t count;
};

/* The date is that of today; number and title are those of the new issue, where they are known. */
static enum nl_status fill_in(const struct filling *filling, const char *source, struct nl_buf *out,
                              struct nl_error *err) {
    struct nl_front_fields fields = {0};
    char date[NL_DAY_LEN + 1];
    const char *title = filling->self->start->title;
    nl_zone_today(nl_store_now(filling->self->office->store), date);
    enum nl_status status = nl_front_fields_read(source, &fields, err);
    if (status == NL_OK)
        nl_front_fields_set(&fields, NL_FRONT_DATE, date);
    if (status == NL_OK && title != NULL && title[0] != '\0')
        nl_front_fields_set(&fields, NL_FRONT_TITLE, title);
    if (status == NL_OK && filling->number[0] != '\0')
        nl_front_fields_set(&fields, NL_FRONT_NUMBER, filling->number);
    if (status == NL_OK)
        nl_front_fields_write(&fields, source, out);
    nl_front_fields_free(&fields);
    return status;
}

static enum nl_status take(const struct nl_boilerplate *item, void *ctx, struct nl_error *err) {
    struct filling *filling = ctx;
    const struct nl_draft_beginning *self = filling->self;
    struct nl_buf source = {0};
    if (strcmp(item->kind, "template") != 0 || strcmp(item->name, self->start->template) != 0 ||
        (item->list != 0 && item->list != self->list.id))
        return NL_OK;
    filling->count++;
    enum nl_status status = fill_in(filling, item->source, &source, err);
    if (status == NL_OK)
        status = nl_draft_begin_text(
            self, item->language[0] != '\0' ? item->language : self->list.language,
            nl_buf_text(&source), err);
    nl_buf_free(&source);
    return status;
}

enum nl_status nl_draft_begin_template(const struct nl_draft_beginning *self,
                                       struct nl_error *err) {
    json_t *proposals = NULL;
    struct filling filling = {.self = self};
    enum nl_status status =
        nl_office_draft_proposals(self->office, self->list.name, &proposals, err);
    if (status == NL_OK) {
        filling.number = json_string_value(json_object_get(proposals, "number"));
        status = nl_boilerplates_each(self->office->store, 0, take, &filling, err);
    }
    if (status == NL_OK && filling.count == 0)
        status = nl_error_set(err, NL_NOTFOUND, NL_TEXT("list %s has no template '%s'"),
                              self->list.name, self->start->template);
    json_decref(proposals);
    return status;
}
