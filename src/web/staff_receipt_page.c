/* The receipts of a person, for staff who answer a complaint. */
#include "newsletter/report/facts.h"
#include "newsletter/service/receipts.h"

#include "newsletter/base/catalog.h"
#include "newsletter/template/data.h"
#include "web/receipt_data.h"
#include "web/staff_person.h"

static enum nl_status show(struct nl_staff_call *call, int64_t id,
                           const struct nl_person_view *view, const json_t *receipts,
                           struct nl_response *response, struct nl_error *err) {
    json_t *data = call->data;
    struct nl_buf address = {0};
    const json_t *first = json_array_get(receipts, 0);
    nl_buf_addf(&address, "%s/people/%lld/receipt?record=", call->staff->site->prefix,
                (long long)id);
    nl_data_set(data, "heading", nl_staff_text(call, NL_TEXT("Consent receipt")));
    nl_data_set(data, "person", nl_facts_word(view->facts, "address"));
    json_object_set_new(data, "id", json_integer((json_int_t)id));
    json_object_set_new(data, "any", json_boolean(first != NULL));
    json_object_set_new(data, "receipts",
                        nl_receipts_data(call->theme, receipts, nl_buf_text(&address)));
    nl_buf_free(&address);
    return nl_staff_finish(call, NL_OK, "staff-receipt.html", response, err);
}

static enum nl_status answer(struct nl_staff_call *call, int64_t id,
                             const struct nl_person_view *view, const json_t *receipts,
                             struct nl_response *response, struct nl_error *err) {
    const char *record = nl_request_query(call->request, "record");
    if (record == NULL)
        return show(call, id, view, receipts, response, err);
    if (!nl_receipt_file(receipts, record, response))
        return nl_staff_no_page(call, response, err);
    json_decref(call->data);
    return NL_OK;
}

enum nl_status nl_person_receipt(struct nl_staff_call *call, int64_t id,
                                 struct nl_response *response, struct nl_error *err) {
    const struct nl_office office = nl_staff_office(call->staff, call->session);
    struct nl_person_view view = {0};
    json_t *receipts = NULL;
    enum nl_status status = nl_person_view(call, id, &view, err);
    if (status != NL_OK) {
        status = nl_person_refuse(call, &view, status, response, err);
    } else {
        status = nl_office_receipts_shown(&office, id, view.whole ? NULL : view.rights.lists,
                                          &receipts, err);
        if (status == NL_OK)
            status = answer(call, id, &view, receipts, response, err);
        else
            json_decref(call->data);
    }
    json_decref(receipts);
    nl_person_view_free(&view);
    return status;
}
