#include "bulletin/fields.h"
#include "bulletin/mail_data.h"
#include "bulletin/pack.h"
#include "newsletter/base/env.h"
#include "newsletter/base/language.h"
#include "newsletter/bulletin/bulletin.h"
#include "newsletter/template/data.h"
#include "newsletter/template/dates.h"
#include "newsletter/template/theme.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The day on which a link that is sent now expires. */
static void add_expiry(const struct nl_theme *theme, int64_t lifetime, json_t *data) {
    struct nl_buf words = {0};
    char date[16];
    struct tm tm = {0};
    time_t last = (time_t)(nl_env_now(&nl_env_system) + lifetime);
    if (gmtime_r(&last, &tm) != NULL && strftime(date, sizeof date, "%Y-%m-%d", &tm) > 0)
        nl_date_long(theme, date, &words);
    nl_data_set(data, "expires", nl_buf_text(&words));
    nl_buf_free(&words);
}

struct notice {
    const char *kind;
    const struct nl_list *list;
    const struct nl_config *config;
    struct nl_theme theme;
    struct nl_slots slots;
    struct nl_identity identity;
    struct nl_enclosures enclosures; /* the logo */
    struct nl_buf subject, text, html;
};

/* The page of the receipt is on the website; without one there is none. */
static enum nl_status add_receipt_url(struct notice *notice, json_t *data, struct nl_error *err) {
    struct nl_buf page = {0};
    struct nl_buf url = {0};
    enum nl_status status = NL_OK;
    if (notice->config->serve.url != NULL) {
        nl_buf_addf(&page, "%s/receipt?token={token}", notice->config->serve.url);
        status = nl_slots_url(&notice->slots, nl_buf_text(&page), NL_SLOT_CONFIRM, &url, err);
    }
    nl_data_set(data, "receipt_url", nl_buf_text(&url));
    nl_buf_free(&page);
    nl_buf_free(&url);
    return status;
}

static enum nl_status render_notice(struct notice *notice, struct nl_error *err) {
    const struct nl_config *config = notice->config;
    struct nl_slots *slots = &notice->slots;
    struct nl_buf confirm = {0};
    struct nl_buf leave = {0};
    struct nl_buf file = {0};
    const char *language = nl_catalog_language(notice->theme.catalog);
    json_t *data = nl_data_new(notice->list, language);
    enum nl_status status = nl_mail_data(config, notice->list, &notice->identity, language,
                                         &notice->enclosures, data, err);
    if (status == NL_OK)
        status = nl_slots_url(slots, nl_config_link_url(config, notice->kind), NL_SLOT_CONFIRM,
                              &confirm, err);
    if (status == NL_OK)
        status = nl_slots_url(slots, config->unsubscribe_url, NL_SLOT_UNSUBSCRIBE, &leave, err);
    nl_data_set(data, "confirm_url", nl_buf_text(&confirm));
    if (status == NL_OK)
        status = add_receipt_url(notice, data, err);
    nl_data_set(data, "unsubscribe_url", nl_buf_text(&leave));
    add_expiry(&notice->theme, nl_config_link_lifetime(config, notice->kind), data);
    if (status == NL_OK) {
        nl_buf_addf(&file, "%s.txt", notice->kind);
        status = nl_theme_render_mail(&notice->theme, nl_buf_text(&file), data, &notice->subject,
                                      &notice->text, err);
    }
    if (status == NL_OK) {
        nl_data_set(data, "subject", nl_buf_text(&notice->subject));
        nl_buf_clear(&file);
        nl_buf_addf(&file, "%s.html", notice->kind);
        status = nl_theme_render(&notice->theme, nl_buf_text(&file), data, &notice->html, err);
    }
    json_decref(data);
    nl_buf_free(&confirm);
    nl_buf_free(&leave);
    nl_buf_free(&file);
    return status;
}

/* Opens the theme, in the colours of the list. */
static enum nl_status open_theme(struct notice *notice, const char *language,
                                 struct nl_error *err) {
    const struct nl_config *config = notice->config;
    enum nl_status status = nl_theme_open(config->templates, language, &notice->theme, err);
    if (status != NL_OK)
        return status;
    const char *spoken = nl_catalog_language(notice->theme.catalog);
    nl_identity_of(config, notice->list->name, spoken, &notice->identity);
    nl_theme_dress(&notice->theme, &notice->identity.palette, nl_language_is_rtl(spoken));
    return NL_OK;
}

/* RFC 3834 section 5: the field keeps vacation responders from answering. */
static enum nl_status add_notice_fields(struct notice *notice, struct nl_fields *fields,
                                        struct nl_error *err) {
    struct nl_buf value = {0};
    nl_buf_adds(&value, "auto-generated");
    nl_fields_add(fields, "Auto-Submitted", &value);
    if (strcmp(notice->kind, "welcome") == 0 || /* its reader may want to leave again */
        strcmp(notice->kind, "reconfirmation") == 0)
        return nl_fields_list(notice->list, notice->config, &notice->slots, fields, err);
    nl_buf_addf(&value, "<%s>", notice->list->list_id);
    nl_fields_add(fields, "List-Id", &value);
    return NL_OK;
}

enum nl_status nl_notice_compose(const char *kind, const char *language, const struct nl_list *list,
                                 const struct nl_config *config, struct nl_buf *out,
                                 struct nl_error *err) {
    struct notice notice = {.kind = kind, .list = list, .config = config};
    struct nl_fields fields = {0};
    struct nl_buf message = {0};
    if (config->confirm_url == NULL || config->unsubscribe_url == NULL ||
        nl_config_link_url(config, kind) == NULL)
        return nl_error_set(err, NL_CONFIG,
                            "%s: serve.url, or confirm_url and unsubscribe_url, must be set",
                            config->path);
    enum nl_status status = open_theme(&notice, language, err);
    if (status == NL_OK)
        status = render_notice(&notice, err);
    if (status == NL_OK)
        status = nl_fields_common(list, nl_buf_text(&notice.subject),
                                  nl_catalog_language(notice.theme.catalog), &notice.slots, &fields,
                                  err);
    if (status == NL_OK)
        status = add_notice_fields(&notice, &fields, err);
    if (status == NL_OK)
        status =
            nl_mime_compose(&fields, &notice.text, &notice.html, &notice.enclosures, &message, err);
    if (status == NL_OK)
        nl_message_pack(&notice.slots, &message, out);
    nl_buf_free(&notice.subject);
    nl_theme_free(&notice.theme);
    nl_slots_free(&notice.slots);
    nl_enclosures_free(&notice.enclosures);
    nl_buf_free(&notice.text);
    nl_buf_free(&notice.html);
    nl_fields_free(&fields);
    nl_buf_free(&message);
    return status;
}

static enum nl_status render_wording(struct notice *notice, struct nl_error *err) {
    static const char *const differ[] = {"confirm_url", "unsubscribe_url", "expires"};
    struct nl_buf file = {0};
    const char *language = nl_catalog_language(notice->theme.catalog);
    json_t *data = nl_data_new(notice->list, language);
    enum nl_status status = nl_mail_data(notice->config, notice->list, &notice->identity, language,
                                         &notice->enclosures, data, err);
    for (size_t i = 0; i < sizeof differ / sizeof differ[0]; i++)
        nl_data_set(data, differ[i], NL_DIFFERS);
    nl_buf_addf(&file, "%s.txt", notice->kind);
    if (status == NL_OK)
        status = nl_theme_render_mail(&notice->theme, nl_buf_text(&file), data, &notice->subject,
                                      &notice->text, err);
    json_decref(data);
    nl_buf_free(&file);
    return status;
}

enum nl_status nl_notice_wording(const char *kind, const char *language, const struct nl_list *list,
                                 const struct nl_config *config, struct nl_buf *out,
                                 struct nl_error *err) {
    struct notice notice = {.kind = kind, .list = list, .config = config};
    enum nl_status status = open_theme(&notice, language, err);
    if (status == NL_OK)
        status = render_wording(&notice, err);
    if (status == NL_OK) {
        nl_buf_addf(out, "%s\n\n%s", nl_buf_text(&notice.subject), nl_buf_text(&notice.text));
        while (out->len > 0 && out->data[out->len - 1] == '\n')
            out->data[--out->len] = '\0';
    }
    nl_buf_free(&notice.subject);
    nl_buf_free(&notice.text);
    nl_theme_free(&notice.theme);
    nl_enclosures_free(&notice.enclosures);
    return status;
}
