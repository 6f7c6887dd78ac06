#include "newsletter/inbound/provider.h"

#include "newsletter/config/config.h"

static const struct nl_provider_guide guides[NL_PROVIDERS] = {
    [NL_PROVIDER_SES] =
        {.title = "Amazon SES",
         .proof = "the signature of Amazon SNS, its certificate and the topic",
         .events = "Bounce, Complaint",
         .steps =
             {"In SNS, make a standard topic and put its ARN into the configuration as 'topic'.",
              "Start 'newsletter serve', then add a subscription to the topic: protocol HTTPS, "
              "the URL above, raw message delivery off. It is confirmed by itself.",
              "In SES, open the identity that sends, and under Notifications set the topic for "
              "bounce and for complaint feedback, both with 'Include original email headers'.",
              "Switch email feedback forwarding off there.",
              "Let SES sign (Easy DKIM): it replaces Message-ID and Date, which a signature of "
              "ours covers."},
         .field = "X-Newsletter-Delivery",
         .before_token = "",
         .after_token = "",
         .rewrites = true},
    [NL_PROVIDER_SENDGRID] =
        {.title = "SendGrid",
         .proof = "the signature of SendGrid (ECDSA), made at most 'max_age' ago",
         .events = "Bounced, Dropped, Deferred, Spam Reports, Unsubscribes, Group Unsubscribes",
         .steps =
             {"Under Settings, Mail Settings, Event Webhooks make a webhook with the URL above.",
              "Choose the events above, and no others.",
              "Switch 'Signed Event Webhook' on, and put the verification key into the "
              "configuration as 'key'.",
              "Switch subscription tracking, open tracking and click tracking off."},
         .field = "X-SMTPAPI",
         .before_token = "{\"unique_args\":{\"newsletter\":\"",
         .after_token = "\"}}"},
    [NL_PROVIDER_MAILGUN] =
        {.title = "Mailgun",
         .proof =
             "the signature of Mailgun (HMAC-SHA256), made at most 'max_age' ago, each token once",
         .events = "Permanent Failure, Temporary Failure, Spam Complaints, Unsubscribes",
         .steps =
             {"Under Sending, Webhooks add the URL above for each of the events above.",
              "Copy the 'HTTP webhook signing key' there into the file that 'secret_file' names.",
              "Switch tracking and unsubscribes off for the domain."},
         .field = "X-Mailgun-Variables",
         .before_token = "{\"newsletter\":\"",
         .after_token = "\"}"},
    [NL_PROVIDER_POSTMARK] =
        {.title = "Postmark",
         .proof = "a login (basic authentication)",
         .events = "Bounce, Spam Complaint, Subscription Change",
         .steps =
             {"Send through a broadcast stream of the server: its SMTP login names the stream.",
              "In that stream, under Webhooks, add a webhook with the URL above.",
              "Enter the user and the secret as its basic auth credentials.",
              "Choose the events above. Message content is not needed.",
              "Switch open tracking and link tracking off."},
         .field = "X-PM-Metadata-newsletter",
         .before_token = "",
         .after_token = "",
         .by_login = true},
    [NL_PROVIDER_BREVO] =
        {.title = "Brevo",
         .proof = "a login (basic authentication) or the secret as a bearer token",
         .events = "Hard bounce, Soft bounce, Blocked, Invalid email, Error, Deferred, Complaint, "
                   "Unsubscribed",
         .steps = {"Under Transactional, Settings, Webhook add a webhook with the URL above.",
                   "As authentication choose basic auth with the user and the secret, or a token "
                   "with the secret.",
                   "Choose the events above."},
         .field = "X-Mailin-custom",
         .before_token = "newsletter:",
         .after_token = "",
         .by_login = true},
    [NL_PROVIDER_MAILJET] =
        {.title = "Mailjet",
         .proof = "a login (basic authentication)",
         .events = "bounce, spam, blocked, unsub",
         .steps =
             {"Under Account settings, Event notifications enter the URL above for each of the "
              "events above, with the user and the secret in it: https://USER:SECRET@HOST/...",
              "Events may be grouped.", "Switch open tracking and click tracking off."},
         .field = "X-MJ-CustomID",
         .before_token = "",
         .after_token = "",
         .by_login = true},
    [NL_PROVIDER_SPARKPOST] =
        {.title = "SparkPost",
         .proof = "a login (basic authentication)",
         .events = "Bounce, Delay, Policy Rejection, Out of Band, Generation Failure, Generation "
                   "Rejection, Spam Complaint, List Unsubscribe, Link Unsubscribe",
         .steps = {"Under Configuration, Webhooks make a webhook with the URL above.",
                   "As authentication choose basic auth with the user and the secret.",
                   "Choose the events above, and no others.",
                   "Switch open tracking and click tracking off."},
         .field = "X-MSYS-API",
         .before_token = "{\"metadata\":{\"newsletter\":\"",
         .after_token = "\"}}",
         .by_login = true},
    [NL_PROVIDER_OTHER] =
        {.title = "another provider",
         .proof = "a login (basic authentication) or the secret as a bearer token",
         .events = "bounce, delayed, complaint",
         .steps =
             {"Have the URL above called by POST with JSON, one event or an array of them: "
              "{\"event\": \"bounce\", \"address\": \"ann@example.org\", \"status\": \"5.1.1\", "
              "\"diagnostic\": \"550 5.1.1 User unknown\", \"message_id\": \"TOKEN\"}",
              "The token is the value of the header above, or the Message-ID of the mail if the "
              "provider leaves that as it is."},
         .field = "X-Newsletter-Delivery",
         .before_token = "",
         .after_token = "",
         .by_login = true},
};

const struct nl_provider_guide *nl_provider_guide(int64_t provider) {
    return &guides[provider];
}

void nl_provider_add_field(int64_t provider, const char *token, struct nl_buf *out) {
    const struct nl_provider_guide *guide = &guides[provider];
    if (guide->field != NULL)
        nl_buf_addf(out, "%s: %s%s%s\r\n", guide->field, guide->before_token, token,
                    guide->after_token);
}
