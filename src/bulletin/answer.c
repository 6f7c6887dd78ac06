#include "newsletter/bulletin/answer.h"

#include "newsletter/template/data.h"
#include "newsletter/template/theme.h"

static const char *const sentences[] = {
    [NL_ANSWER_ASKED] = NL_TEXT("Thank you. If this address can be subscribed, we have sent an "
                                "email to it. Open the link in that email to confirm."),
    [NL_ANSWER_CONFIRMED] = NL_TEXT("Your subscription to {{list.title}} is confirmed. Welcome!"),
    [NL_ANSWER_SUBSCRIBED] =
        NL_TEXT("You have already confirmed. You are subscribed to {{list.title}}."),
    [NL_ANSWER_BACK] = NL_TEXT("You are subscribed to {{list.title}} again."),
    [NL_ANSWER_LEFT] =
        NL_TEXT("You have been unsubscribed from {{list.title}}. You will receive no more issues."),
    [NL_ANSWER_MOVED] = NL_TEXT("Thank you. From now on, our emails will go to your new address."),
    [NL_ANSWER_BAD_LINK] =
        NL_TEXT("This link does not work or has expired. To subscribe, fill in the form again. To "
                "unsubscribe, use the link in our latest email."),
};

enum nl_status nl_answer_compose(enum nl_answer answer, const char *language,
                                 const struct nl_list *list, const struct nl_config *config,
                                 bool html, struct nl_buf *out, struct nl_error *err) {
    static const struct nl_list none = {.language = (char *)"en"};
    struct nl_theme theme = {0};
    struct nl_buf sentence = {0};
    struct nl_identity identity = {0};
    json_t *data = NULL;
    if (list == NULL)
        list = &none;
    if (language == NULL || language[0] == '\0')
        language = list->language;
    enum nl_status status = nl_theme_open(config->templates, language, &theme, err);
    if (status == NL_OK) {
        data = nl_data_new(list, nl_catalog_language(theme.catalog));
        status = nl_theme_text(&theme, NULL, sentences[answer], data, &sentence, err);
    }
    if (status == NL_OK && html) {
        nl_data_set(data, "answer", nl_buf_text(&sentence));
        nl_identity_of(config, list->name, nl_catalog_language(theme.catalog), &identity);
        nl_data_identity(data, &identity, NULL, NULL);
        nl_data_set(data, "stylesheet", ""); /* the page has its styles in it */
        nl_data_set(data, "heading", "");
        json_object_set_new(data, "feed", json_false());
        nl_data_page(data);
        status = nl_theme_render(&theme, "page.html", data, out, err);
    } else if (status == NL_OK) {
        nl_buf_addf(out, "%s\n", nl_buf_text(&sentence));
    }
    json_decref(data);
    nl_buf_free(&sentence);
    nl_theme_free(&theme);
    return status;
}
