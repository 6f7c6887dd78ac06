#include "delivery/messages.h"

#include "newsletter/base/language.h"
#include "newsletter/base/memory.h"

#include <stdlib.h>
#include <string.h>

enum nl_status nl_messages_add(struct nl_messages *messages, const char *language,
                               const char *packed, size_t len, struct nl_error *err) {
    struct nl_run_message *grown =
        nl_realloc(messages->items, (messages->count + 1) * sizeof *messages->items);
    messages->items = grown;
    struct nl_run_message *item = &grown[messages->count];
    *item = (struct nl_run_message){.language = language != NULL ? nl_strdup(language) : NULL,
                                    .body = nl_dkim_body_new(),
                                    .content = nl_smime_content_new()};
    messages->count++;
    return nl_message_parse(packed, len, &item->message, err);
}

void nl_messages_free(struct nl_messages *messages) {
    for (size_t i = 0; i < messages->count; i++) {
        free(messages->items[i].language);
        free(messages->items[i].wording);
        nl_message_free(messages->items[i].message);
        nl_message_free(messages->items[i].alternative);
        nl_dkim_body_free(messages->items[i].body);
        nl_smime_content_free(messages->items[i].content);
    }
    free(messages->items);
}

const struct nl_run_message *nl_run_message_in(const struct nl_run_plan *plan,
                                               const char *language) {
    size_t best = 0;
    for (size_t i = 1; i < plan->message_count; i++)
        if (nl_language_match(language, plan->messages[i].language) >
            nl_language_match(language, plan->messages[best].language))
            best = i;
    return &plan->messages[best];
}
