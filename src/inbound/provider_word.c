#include "inbound/provider_word.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static const struct {
    const char *word;
    enum nl_bounce_kind kind; /* NL_BOUNCE_SOFT: as the words say */
} events[] = {
    {"bounce", NL_BOUNCE_SOFT},
    {"bounced", NL_BOUNCE_SOFT},
    {"failed", NL_BOUNCE_SOFT},
    {"dropped", NL_BOUNCE_SOFT},
    {"blocked", NL_BOUNCE_SOFT},
    {"soft_bounce", NL_BOUNCE_SOFT},
    {"soft-bounce", NL_BOUNCE_SOFT},
    {"out_of_band", NL_BOUNCE_SOFT},
    {"policy_rejection", NL_BOUNCE_SOFT},
    {"generation_rejection", NL_BOUNCE_SOFT},
    {"generation_failure", NL_BOUNCE_SOFT},
    {"error", NL_BOUNCE_SOFT},
    {"hard_bounce", NL_BOUNCE_HARD},
    {"hard-bounce", NL_BOUNCE_HARD},
    {"invalid_email", NL_BOUNCE_HARD},
    {"invalid", NL_BOUNCE_HARD},
    {"deferred", NL_BOUNCE_DELAYED},
    {"delay", NL_BOUNCE_DELAYED},
    {"delayed", NL_BOUNCE_DELAYED},
    {"complaint", NL_BOUNCE_COMPLAINT},
    {"complained", NL_BOUNCE_COMPLAINT},
    {"spam", NL_BOUNCE_COMPLAINT},
    {"spamreport", NL_BOUNCE_COMPLAINT},
    {"spam_complaint", NL_BOUNCE_COMPLAINT},
    {"spamcomplaint", NL_BOUNCE_COMPLAINT},
    {"unsubscribe", NL_BOUNCE_UNSUBSCRIBE},
    {"unsubscribed", NL_BOUNCE_UNSUBSCRIBE},
    {"unsub", NL_BOUNCE_UNSUBSCRIBE},
    {"group_unsubscribe", NL_BOUNCE_UNSUBSCRIBE},
    {"list_unsubscribe", NL_BOUNCE_UNSUBSCRIBE},
    {"link_unsubscribe", NL_BOUNCE_UNSUBSCRIBE},
    {"subscriptionchange", NL_BOUNCE_UNSUBSCRIBE},
};

enum nl_bounce_kind nl_provider_event_kind(const char *event) {
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
        if (strcasecmp(events[i].word, event) == 0)
            return events[i].kind;
    return NL_BOUNCE_AUTO_REPLY;
}

/* As the documents of the providers have them. A word whose parts say what it means, such as
 * "MailboxFull", needs no row. */
static const struct {
    const char *word;
    enum nl_bounce_kind kind;
    const char *says; /* a wording that the rules know; NULL: its parts */
} rows[] = {
    /* Amazon SES: bounceSubType. A suppression list has who bounced hard or complained before. */
    {"NoEmail", NL_BOUNCE_HARD, "No such user"},
    {"Suppressed", NL_BOUNCE_HARD, NULL},
    {"OnAccountSuppressionList", NL_BOUNCE_HARD, NULL},
    {"UnsubscribedRecipient", NL_BOUNCE_UNSUBSCRIBE, NULL},
    /* Postmark: Type */
    {"HardBounce", NL_BOUNCE_HARD, NULL},
    {"BadEmailAddress", NL_BOUNCE_HARD, "Invalid address"},
    {"ManuallyDeactivated", NL_BOUNCE_HARD, "Account disabled"},
    {"SpamComplaint", NL_BOUNCE_COMPLAINT, NULL},
    {"Unsubscribe", NL_BOUNCE_UNSUBSCRIBE, NULL},
    {"VirusNotification", NL_BOUNCE_SOFT, "Virus found"},
    {"InboundError", NL_BOUNCE_SOFT, "System error"},
    {"SMTPApiError", NL_BOUNCE_SOFT, "System error"},
    {"TemplateRenderingFailed", NL_BOUNCE_SOFT, "System error"},
    /* Mailgun: reason */
    {"suppress-bounce", NL_BOUNCE_HARD, NULL},
    {"suppress-complaint", NL_BOUNCE_COMPLAINT, NULL},
    {"suppress-unsubscribe", NL_BOUNCE_UNSUBSCRIBE, NULL},
    {"espblock", NL_BOUNCE_SOFT, "Sender blocked"},
    {"old", NL_BOUNCE_SOFT, "Message expired"},
    /* SendGrid: reason of what was dropped, bounce_classification */
    {"Bounced Address", NL_BOUNCE_HARD, NULL},
    {"Invalid", NL_BOUNCE_HARD, "Invalid address"},
    {"Unsubscribed Address", NL_BOUNCE_UNSUBSCRIBE, NULL},
    {"Spam Reporting Address", NL_BOUNCE_COMPLAINT, NULL},
    {"Recipient List over Package Quota", NL_BOUNCE_SOFT, "System error"},
    {"Technical Failure", NL_BOUNCE_SOFT, "System error"},
    {"Technical", NL_BOUNCE_SOFT, "System error"},
    {"Content", NL_BOUNCE_SOFT, "Content rejected"},
    {"Frequency or Volume Too High", NL_BOUNCE_SOFT, "Too many messages, rate limit exceeded"},
    {"Frequency/Volume", NL_BOUNCE_SOFT, "Too many messages, rate limit exceeded"},
    /* Mailjet: error */
    {"user unknown", NL_BOUNCE_HARD, NULL},
};

enum { ROWS = sizeof rows / sizeof rows[0] };

static size_t row_of(const char *word) {
    size_t at = 0;
    while (at < ROWS && strcasecmp(rows[at].word, word) != 0)
        at++;
    return at;
}

enum nl_bounce_kind nl_provider_word_kind(const char *word) {
    size_t at = row_of(word);
    return at < ROWS ? rows[at].kind : NL_BOUNCE_SOFT;
}

/* Whether a word begins at `at`: "MailboxFull", "DMARCPolicy". */
static bool begins(const char *text, size_t at) {
    if (at == 0 || !isupper((unsigned char)text[at]))
        return false;
    return islower((unsigned char)text[at - 1]) ||
           (isupper((unsigned char)text[at - 1]) && islower((unsigned char)text[at + 1]));
}

void nl_provider_word_add(const char *word, struct nl_buf *out) {
    size_t row = row_of(word);
    const char *text = row < ROWS && rows[row].says != NULL ? rows[row].says : word;
    for (size_t i = 0; text[i] != '\0'; i++) {
        if (begins(text, i))
            nl_buf_addc(out, ' ');
        nl_buf_addc(out, text[i] == '_' ? ' ' : text[i]);
    }
}
