#include "newsletter/report/facts.h"
#include "newsletter/service/verdicts.h"

#include "newsletter/archive/archive.h"
#include "newsletter/template/data.h"
#include "newsletter/template/dates.h"
#include "web/decode_worker.h"
#include "web/handlers.h"

#include <string.h>

/* Saved mails with pictures are large; the server keeps all of them at once within bounds. */
enum { FORM_MOST = 12 << 20, DECODE_COST = 6, RETRY_SECONDS = 30 };

static const char path[] = "/genuine";

size_t nl_site_form_limit(void *ctx, const struct nl_request *request) {
    return strcmp(nl_site_path(ctx, request), path) == 0 ? FORM_MOST : 0;
}

/* The content of the page: a problem, what a number belongs to, or a comparison. */
struct shown {
    const char *problem; /* a translatable text, or NULL */
    const char *number;  /* as it was typed */
    json_t *reference;   /* what it belongs to, or NULL */
    const struct nl_genuine *genuine;
};

/* ---- the data of the page ---- */

/* An issue: its title, date and number. */
static json_t *issue_data(const struct nl_theme *theme, const json_t *facts) {
    struct nl_buf date = {0};
    json_t *issue = json_object();
    if (nl_facts_word(facts, "date")[0] != '\0')
        nl_date_long(theme, nl_facts_word(facts, "date"), &date);
    nl_data_set(issue, "title", nl_facts_word(facts, "title"));
    nl_data_set(issue, "tag", nl_facts_word(facts, "language"));
    nl_data_set(issue, "date", nl_buf_text(&date));
    nl_data_set(issue, "reference", nl_facts_word(facts, "reference"));
    nl_buf_free(&date);
    return issue;
}

/* The words for a kind of difference. */
static const char *heading_of(const char *kind) {
    static const char *const words[][2] = {{"changed", NL_TEXT("Words were changed")},
                                           {"missing", NL_TEXT("Words are missing")},
                                           {"added", NL_TEXT("Words were added")},
                                           {"moved", NL_TEXT("In another place")},
                                           {"file", NL_TEXT("A file that we have not sent")}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(words[i][0], kind) == 0)
            return words[i][1];
    return words[0][1];
}

static json_t *difference_data(const struct nl_theme *theme, const json_t *difference) {
    json_t *data = json_object();
    const char *heading = heading_of(nl_facts_word(difference, "kind"));
    nl_data_set(data, "kind", nl_catalog_text(theme->catalog, NULL, heading));
    nl_data_set(data, "ours", nl_facts_word(difference, "ours"));
    nl_data_set(data, "here", nl_facts_word(difference, "here"));
    return data;
}

static json_t *texts_data(const json_t *texts) {
    json_t *all = json_array();
    for (size_t i = 0; i < json_array_size(texts); i++) {
        json_t *one = json_object();
        nl_data_set(one, "text", json_string_value(json_array_get(texts, i)));
        json_array_append_new(all, one);
    }
    return all;
}

static bool has_text(const json_t *texts, const char *wanted) {
    for (size_t i = 0; i < json_array_size(texts); i++)
        if (strcmp(json_string_value(json_array_get(texts, i)), wanted) == 0)
            return true;
    return false;
}

static json_t *genuine_data(const struct nl_theme *theme, const struct nl_genuine *genuine) {
    const json_t *facts = genuine->facts;
    const json_t *named = json_object_get(facts, "named");
    const json_t *differences = json_object_get(facts, "differences");
    const json_t *checked = json_object_get(facts, "checked");
    json_t *data = json_object();
    json_t *list = json_array();
    for (size_t i = 0; i < json_array_size(differences); i++)
        json_array_append_new(list, difference_data(theme, json_array_get(differences, i)));
    bool known = genuine->verdict != NL_VERDICT_UNKNOWN;
    json_object_set_new(data, "ours", json_boolean(genuine->verdict == NL_VERDICT_OURS));
    json_object_set_new(data, "changed", json_boolean(genuine->verdict == NL_VERDICT_CHANGED));
    json_object_set_new(data, "unknown", json_boolean(!known));
    json_object_set_new(data, "issue", known ? issue_data(theme, facts) : json_null());
    json_object_set_new(data, "named",
                        json_is_object(named) ? issue_data(theme, named) : json_null());
    json_object_set_new(data, "differences", list);
    json_t *personal = texts_data(json_object_get(facts, "personal"));
    json_t *around = texts_data(json_object_get(facts, "around"));
    json_object_set_new(data, "has_personal", json_boolean(json_array_size(personal) > 0));
    json_object_set_new(data, "has_around", json_boolean(json_array_size(around) > 0));
    json_object_set_new(data, "personal", personal);
    json_object_set_new(data, "around", around);
    json_object_set_new(
        data, "without_links",
        json_boolean(known && !has_text(checked, "html") && !has_text(checked, "source")));
    return data;
}

static enum nl_status show(struct nl_site *site, const struct nl_request *request,
                           const struct shown *shown, struct nl_response *response,
                           struct nl_error *err) {
    const struct nl_theme *theme = NULL;
    enum nl_status status = nl_site_theme(site, request, NULL, &theme, err);
    if (status != NL_OK)
        return status;
    json_t *data = nl_site_data(site, theme, NULL);
    const char *heading = nl_catalog_text(theme->catalog, NULL, NL_TEXT("Is this bulletin ours?"));
    nl_data_set(data, "heading", heading);
    nl_data_set(data, "number", shown->number);
    nl_data_set(data, "problem",
                shown->problem != NULL ? nl_catalog_text(theme->catalog, NULL, shown->problem)
                                       : "");
    json_t *belongs = json_array();
    for (size_t i = 0; i < json_array_size(shown->reference); i++)
        json_array_append_new(belongs, issue_data(theme, json_array_get(shown->reference, i)));
    json_object_set_new(data, "has_belongs", json_boolean(json_array_size(belongs) > 0));
    json_object_set_new(data, "belongs", belongs);
    json_object_set_new(data, "answer",
                        shown->genuine != NULL ? genuine_data(theme, shown->genuine) : json_null());
    return nl_site_page(theme, "genuine.html", data, response, err);
}

/* ---- the answers ---- */

static enum nl_status answer_number(struct nl_site *site, const struct nl_request *request,
                                    const struct nl_key_ring *ring, const char *number,
                                    struct nl_response *response, struct nl_error *err) {
    char reference[NL_REFERENCE_LEN + 1];
    const struct nl_office office = nl_site_office(site);
    struct shown shown = {.number = number};
    enum nl_status status = NL_OK;
    if (nl_reference_parse(number, reference))
        status = nl_office_reference(&office, reference, ring, true, &shown.reference, err);
    if (status == NL_OK && json_array_size(shown.reference) == 0)
        shown.problem = NL_TEXT("No bulletin that we have published has this number.");
    if (status == NL_OK)
        status = show(site, request, &shown, response, err);
    json_decref(shown.reference);
    return status;
}

static enum nl_status answer_text(struct nl_site *site, const struct nl_request *request,
                                  const struct nl_key_ring *ring, const char *text, size_t len,
                                  struct nl_response *response, struct nl_error *err) {
    const struct nl_office office = nl_site_office(site);
    struct nl_asked *asked = NULL;
    struct nl_genuine genuine = {0};
    enum nl_status status = nl_asked_read(text, len, &asked, err);
    if (status == NL_OK)
        status = nl_office_genuine(&office, asked, ring, true, &genuine, err);
    const struct shown shown = {.number = "", .genuine = &genuine};
    if (status == NL_OK)
        status = show(site, request, &shown, response, err);
    nl_genuine_free(&genuine);
    nl_asked_free(asked);
    return status;
}

/* ---- files ---- */

/* The code of a photo is a number that somebody typed without typing. */
static enum nl_status answer_photo(struct nl_site *site, const struct nl_request *request,
                                   const struct nl_key_ring *ring, struct nl_decoded *decoded,
                                   struct nl_response *response, struct nl_error *err) {
    static const char *const problems[] = {
        [NL_PHOTO_NONE] = NL_TEXT("There is no code in this photo that can be read. Take it from "
                                  "straight above, in good light, or type the number."),
        [NL_PHOTO_ELSEWHERE] = NL_TEXT("The code in this photo leads to another place than our "
                                       "website. It is not ours.")};
    if (decoded->status == NL_OK && decoded->found == NL_PHOTO_NUMBER)
        return answer_number(site, request, ring, decoded->reference, response, err);
    const struct shown shown = {
        .number = "",
        .problem = decoded->status == NL_OK
                       ? problems[decoded->found]
                       : NL_TEXT("This photo cannot be read. Use a JPEG or PNG of ordinary size.")};
    return show(site, request, &shown, response, err);
}

static enum nl_status answer_decoded(struct nl_site *site, const struct nl_request *request,
                                     const struct nl_key_ring *ring, struct nl_decoded *decoded,
                                     struct nl_response *response, struct nl_error *err) {
    static const struct shown broken = {
        .number = "",
        .problem = NL_TEXT("This mail cannot be read. Save it as .eml, or paste its text.")};
    bool is_known = decoded->status == NL_OK || decoded->status == NL_DATA ||
                    (decoded->status == NL_CONFIG && !decoded->photo);
    if (!is_known)
        return nl_error_take(err, decoded->status, &decoded->err);
    if (decoded->photo)
        return answer_photo(site, request, ring, decoded, response, err);
    return decoded->status == NL_OK ? answer_text(site, request, ring, nl_buf_text(&decoded->mail),
                                                  decoded->mail.len, response, err)
                                    : show(site, request, &broken, response, err);
}

static enum nl_status say_busy(struct nl_site *site, const struct nl_request *request,
                               struct nl_response *response, struct nl_error *err) {
    response->retry_after = RETRY_SECONDS;
    return nl_site_say(site, request, 503,
                       NL_TEXT("Many people are asking just now. Please try again in a minute."),
                       response, err);
}

/* Hands a file over to the thread that decodes. Where there is none, it is decoded here. */
static enum nl_status begin_file(struct nl_site *site, const struct nl_request *request,
                                 const struct nl_key_ring *ring, const struct nl_buf *file,
                                 struct nl_response *response, struct nl_error *err) {
    struct nl_request_own *own = nl_request_own(request);
    struct nl_decoded decoded;
    if (site->decoder == NULL) {
        nl_decode(site->config, file, &decoded);
        enum nl_status status = answer_decoded(site, request, ring, &decoded, response, err);
        nl_decoded_free(&decoded);
        return status;
    }
    own->item = nl_decoder_submit(site->decoder, nl_buf_text(file), file->len);
    own->drop = own->item != NULL ? nl_decode_job_drop : NULL;
    response->wait = own->item != NULL;
    return response->wait ? NL_OK : say_busy(site, request, response, err);
}

static enum nl_status end_file(struct nl_site *site, const struct nl_request *request,
                               const struct nl_key_ring *ring, struct nl_response *response,
                               struct nl_error *err) {
    struct nl_decode_job *job = nl_request_own(request)->item;
    if (nl_decode_job_is_done(job))
        return answer_decoded(site, request, ring, nl_decode_job_result(job), response, err);
    response->wait = !nl_request_is_late(request);
    return response->wait ? NL_OK : say_busy(site, request, response, err);
}

/* The file of a request, if it must be decoded. */
static bool find_file(const struct nl_request *request, struct nl_buf *out) {
    const char *name = NULL;
    size_t len = 0;
    const char *file = nl_request_file(request, "mail", &name, &len);
    *out = (struct nl_buf){.data = (char *)file, .len = len};
    return file != NULL && len > 0 && nl_decode_is_needed(file, len);
}

bool nl_genuine_is_compared(const struct nl_site *site, const struct nl_request *request) {
    struct nl_buf file = {0};
    struct nl_decode_job *job = nl_request_own(request)->item;
    if (site->decoder == NULL || (job == NULL && !find_file(request, &file)))
        return true;
    return job != NULL && nl_decode_job_is_done(job);
}

/* Decoding takes longer than comparing a text. */
static bool may_ask(struct nl_site *site, const struct nl_request *request, bool decode,
                    struct nl_response *response) {
    for (int i = 0; i < (decode ? DECODE_COST : 1); i++)
        if (!nl_site_may_network(site, site->costly, request, response))
            return false;
    return true;
}

static enum nl_status answer(struct nl_site *site, const struct nl_request *request,
                             const struct nl_key_ring *ring, struct nl_response *response,
                             struct nl_error *err) {
    struct nl_buf file = {0};
    const char *text = nl_site_field(request, "text");
    const char *number = nl_site_field(request, "number");
    bool decode = find_file(request, &file);
    if (nl_request_own(request)->item != NULL)
        return end_file(site, request, ring, response, err);
    if (!may_ask(site, request, decode, response))
        return nl_site_say(site, request, 429, nl_too_many, response, err);
    if (decode)
        return begin_file(site, request, ring, &file, response, err);
    if (file.len > 0)
        return answer_text(site, request, ring, file.data, file.len, response, err);
    if (text[strspn(text, " \t\r\n")] != '\0')
        return answer_text(site, request, ring, text, strlen(text), response, err);
    if (number[strspn(number, " ")] != '\0')
        return answer_number(site, request, ring, number, response, err);
    const struct shown nothing = {
        .number = "", .problem = NL_TEXT("Paste a text, choose a file, or type a number.")};
    return show(site, request, &nothing, response, err);
}

enum nl_status nl_genuine_page(struct nl_site *site, const struct nl_request *request,
                               struct nl_response *response, struct nl_error *err) {
    struct nl_key_ring ring = {0};
    bool may = false; /* false where the office signs nothing: there is no such page */
    const char *number = nl_request_is_post(request) ? NULL : nl_request_query(request, "n");
    const struct shown empty = {.number = ""};
    enum nl_status status =
        nl_key_ring_read_if_any(site->config->signing.public_keys, &ring, &may, err);
    if (status == NL_OK && !may)
        status = nl_site_not_found(site, request, response, err);
    else if (status == NL_OK && nl_request_is_post(request))
        status = answer(site, request, &ring, response, err);
    else if (status == NL_OK && number != NULL && number[0] != '\0')
        status = nl_site_may_network(site, site->costly, request, response)
                     ? answer_number(site, request, &ring, number, response, err)
                     : nl_site_say(site, request, 429, nl_too_many, response, err);
    else if (status == NL_OK)
        status = show(site, request, &empty, response, err);
    nl_key_ring_free(&ring);
    return status;
}
