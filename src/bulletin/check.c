#include "newsletter/bulletin/check.h"
#include "newsletter/base/catalog.h"

#include "bulletin/check_access.h"
#include "bulletin/link_host.h"
#include "bulletin/markdown.h"
#include "newsletter/base/address.h"
#include "newsletter/base/env.h"
#include "newsletter/bulletin/frontmatter.h"
#include "newsletter/smime/smime.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistr.h>

/* Phones show some 40 characters of a subject, most desktops 70. */
enum { SUBJECT_LENGTH = 70, FEW_WORDS = 20, MESSAGE_SIZE = 1024 * 1024, STYLE_SIZE = 8192 };

struct check {
    const char *path; /* of the edition that is checked */
    struct nl_edition edition;
    const struct nl_view *view;
    const struct nl_config *config;
    struct nl_findings *out;
    size_t images, words;
    size_t before; /* lines before the Markdown */
};

#define find(check, severe, rule, ...)                                                             \
    nl_findings_add((check)->out, (severe) ? NL_LEVEL_ERROR : NL_LEVEL_WARNING, rule,              \
                    (check)->path, __VA_ARGS__)

/* A finding at a line of the Markdown. */
#define find_at(check, node, severe, rule, ...)                                                    \
    nl_findings_add_at((check)->out, (severe) ? NL_LEVEL_ERROR : NL_LEVEL_WARNING, rule,           \
                       (check)->path, (node)->line + (check)->before, __VA_ARGS__)

static void check_subject(struct check *check, const char *subject) {
    size_t length = u8_mbsnlen((const uint8_t *)subject, strlen(subject));
    size_t upper = 0;
    size_t lower = 0;
    size_t marks = 0;
    for (const char *p = subject; *p != '\0'; p++) {
        upper += isupper((unsigned char)*p) != 0;
        lower += islower((unsigned char)*p) != 0;
        marks += *p == '!' || *p == '$';
    }
    if (length > SUBJECT_LENGTH)
        find(check, false, "subject-length",
             NL_TEXT("the subject has %zu characters, and mail programs cut it after %d (phones "
                     "after 40): "
                     "set a shorter 'subject'"),
             length, (int)SUBJECT_LENGTH);
    if (upper > 10 && lower == 0)
        find(
            check, false, "subject-capitals",
            NL_TEXT("the subject is all capitals, which filters take for spam: write it normally"));
    if (marks > 1)
        find(
            check, false, "subject-marks",
            NL_TEXT("the subject has %zu exclamation or dollar signs, which filters take for spam"),
            marks);
    if (strncasecmp(subject, "re:", 3) == 0 || strncasecmp(subject, "fwd:", 4) == 0 ||
        strncasecmp(subject, "fw:", 3) == 0)
        find(check, true, "subject-reply",
             NL_TEXT("the subject pretends to be a reply or a forward, which is taken for deceit: "
                     "remove "
                     "'%.*s:'"),
             (int)strcspn(subject, ":"), subject);
}

/* A link that shows the address of another site looks like phishing. */
static void check_words(struct check *check, const struct nl_md_node *link, const char *host) {
    struct nl_buf words = {0};
    nl_access_words(link, &words);
    char *shown = nl_host_of_url(nl_buf_text(&words));
    if (shown != NULL && !nl_host_aligns(shown, host))
        find_at(
            check, link, true, "link-deceives",
            NL_TEXT(
                "the text of a link says %s, but it leads to %s: filters take that for phishing"),
            shown, host);
    if (nl_buf_text(&words)[strspn(nl_buf_text(&words), " ")] == '\0' &&
        (link->first == NULL || link->first->type != NL_MD_IMAGE))
        find_at(check, link, false, "link-empty",
                NL_TEXT("the link to %s has no words: nobody can click it"), link->text);
    free(shown);
    nl_buf_free(&words);
}

static void check_url(struct check *check, const char *what, const struct nl_md_node *node) {
    const char *url = node->text;
    char *host = nl_host_of_url(url);
    if (host == NULL)
        return;
    if (strncasecmp(url, "http://", 7) == 0)
        find_at(check, node, false, "not-https", NL_TEXT("%s %s is not encrypted: use https"), what,
                url);
    if (nl_host_is_numeric(host))
        find_at(
            check, node, false, "link-numeric",
            NL_TEXT("%s %s leads to a bare IP address, which filters take for spam: use a name"),
            what, url);
    else if (nl_host_is_unreachable(host))
        find_at(check, node, true, "link-unreachable",
                NL_TEXT("%s %s leads to a host that readers cannot reach"), what, url);
    else if (nl_host_is_shortener(host))
        find_at(check, node, false, "link-shortened",
                NL_TEXT("%s %s hides where it leads, and many filters refuse shorteners: use the "
                        "full address"),
                what, url);
    free(host);
}

static size_t count_words(const char *text) {
    size_t count = 0;
    for (const char *p = text; *p != '\0'; p++)
        count += !isspace((unsigned char)*p) && (p == text || isspace((unsigned char)p[-1]));
    return count;
}

static void check_node(struct check *check, const struct nl_md_node *node) {
    char *host = NULL;
    switch (node->type) {
    case NL_MD_IMAGE:
        check->images++;
        check_url(check, NL_TEXT_IN("error", "the image"), node);
        break;
    case NL_MD_LINK:
        check_url(check, NL_TEXT_IN("error", "the link"), node);
        host = nl_host_of_url(node->text);
        if (host != NULL)
            check_words(check, node, host);
        break;
    case NL_MD_TEXT:
        check->words += count_words(node->text);
        break;
    default:
        break;
    }
    free(host);
    for (const struct nl_md_node *child = node->first; child != NULL; child = child->next)
        check_node(check, child);
}

static enum nl_status check_body(struct check *check, struct nl_error *err) {
    struct nl_frontmatter front = {0};
    struct nl_md_node *document = NULL;
    const char *source = check->edition.source;
    size_t body = 0;
    size_t line = 0;
    enum nl_status status =
        nl_frontmatter_read(source, strlen(source), check->path, &front, &body, &line, err);
    if (status == NL_OK)
        status = nl_markdown_read(source + body, strlen(source + body), check->path,
                                  check->config->raw_html, &document, err);
    if (status == NL_OK) {
        const struct nl_access access = {check->path, check->edition.language, line - 1,
                                         check->out};
        check->before = line - 1;
        check_node(check, document);
        nl_check_access(&access, document);
        nl_check_raw_html(&access, document);
        nl_check_width(&access, document);
        if (check->images > 0 && check->words < FEW_WORDS)
            find(check, false, "all-images",
                 NL_TEXT("words: %zu, images: %zu. Filters distrust mail of images alone, and "
                         "readers without images see nothing"),
                 check->words, check->images);
        if (front.preheader == NULL)
            find(check, false, "preheader",
                 NL_TEXT(
                     "no 'preheader': mail programs show the first words of the mail next to the "
                     "subject instead"));
    }
    nl_md_free(document);
    nl_frontmatter_free(&front);
    return status;
}

static void check_size(struct check *check) {
    size_t size = check->view->html.len;
    if (size > NL_CLIP_SIZE)
        find(check, true, "size",
             NL_TEXT("the HTML part has %zu kB, and Gmail cuts it off after 102 kB, the "
                     "unsubscribe link "
                     "included: shorten the issue and link to the rest"),
             size / 1024);
    else if (size > (size_t)NL_CLIP_SIZE * 4 / 5)
        find(check, false, "size",
             NL_TEXT("the HTML part has %zu kB; Gmail cuts it off after 102 kB"), size / 1024);
    if (check->edition.message_len > MESSAGE_SIZE)
        find(check, false, "message-size",
             NL_TEXT("the message has %zu kB, for each of its readers"),
             check->edition.message_len / 1024);
}

static void check_place(struct check *check) {
    if (check->view->placed != NULL)
        find(check, false, "place",
             NL_TEXT("%s has a place in it, where it was taken, for every reader to see: save it "
                     "without "
                     "such data ('exiftool -all= FILE'), or upload it in the press room, which "
                     "does that"),
             check->view->placed);
}

/* Rules for one medium may stand in a style block, since they only refine inlined styles. Other
 * rules there are lost in programs that drop style blocks, as Gmail does in forwarded mail. */
static void check_styles(struct check *check, const char *html) {
    size_t size = 0;
    for (const char *at = strcasestr(html, "<style"); at != NULL; at = strcasestr(at, "<style")) {
        const char *rules = strchr(at, '>');
        const char *end = rules != NULL ? strcasestr(rules, "</style") : NULL;
        if (end == NULL)
            return;
        int depth = 0;
        const char *name = rules + 1;
        size += (size_t)(end - name);
        for (const char *p = name; p < end; p++) {
            if (*p == '{' && depth++ == 0) {
                name += strspn(name, " \t\r\n");
                if (name[0] != '@' && strncmp(name, ":root", 5) != 0)
                    find(
                        check, false, "style",
                        NL_TEXT(
                            "the style of '%.*s' stands in a <style> block and not in the element: "
                            "Gmail and Outlook drop such blocks at times"),
                        (int)strcspn(name, "{\n"), name);
            } else if (*p == '}' && depth > 0 && --depth == 0) {
                name = p + 1;
            }
        }
        at = end;
    }
    if (size > STYLE_SIZE)
        find(check, false, "style",
             NL_TEXT("the <style> blocks have %zu bytes; Gmail drops them over %d"), size,
             (int)STYLE_SIZE);
}

/* Looks for faults that an operator's own template can have. */
static void check_html(struct check *check, const struct nl_config *config) {
    static const struct {
        const char *text, *problem;
    } bad[] = {
        {"<script", NL_TEXT_IN("error", "a script, which no mail program runs")},
        {"<link",
         NL_TEXT_IN("error", "a linked style sheet, which mail programs do not load: inline it")},
        {"<form", NL_TEXT_IN("error", "a form, which many mail programs block: link to a page")},
        {"<iframe", NL_TEXT_IN("error", "a frame, which no mail program shows")},
        {"javascript:", NL_TEXT_IN("error", "a script, which no mail program runs")},
        {"position:", NL_TEXT_IN("error", "CSS positioning, which Outlook and Gmail drop")}};
    const char *html = nl_buf_text(&check->view->html);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (strcasestr(html, bad[i].text) != NULL)
            find(check, false, "html", NL_TEXT("the HTML part holds %s"), bad[i].problem);
    size_t len = (size_t)(strstr(config->unsubscribe_url, "{token}") - config->unsubscribe_url);
    if (strcspn(config->unsubscribe_url, "&") >= len &&
        memmem(html, check->view->html.len, config->unsubscribe_url, len) == NULL)
        find(
            check, true, "unsubscribe-link",
            NL_TEXT(
                "the HTML part shows no unsubscribe link: the template needs {{unsubscribe_url}}"));
    check_styles(check, html);
}

static void check_one_click(struct check *check, const struct nl_config *config) {
    if (strncasecmp(config->unsubscribe_url, "https://", 8) != 0)
        find(check, true, "one-click",
             NL_TEXT("unsubscribe_url is not https, which one-click unsubscription (RFC 8058) and "
                     "Gmail's "
                     "and Yahoo's rules for bulk senders require"));
}

/* Checks the sender as Gmail and Yahoo demand it of bulk senders. */
static enum nl_status check_sender(struct check *check, const struct nl_list *list,
                                   const struct nl_config *config, struct nl_error *err) {
    static const char *const free_mail[] = {
        "gmail.com",  "googlemail.com", "yahoo.com", "outlook.com", "hotmail.com", "aol.com",
        "icloud.com", "mail.ru",        "yandex.ru", "gmx.de",      "web.de"};
    struct nl_address sender = {0};
    char *name = NULL;
    enum nl_status status = nl_mailbox_parse(list->sender, &name, &sender, err);
    if (status != NL_OK)
        return status;
    bool signs = config->dkim.key_file != NULL || config->dkim.ed25519_key_file != NULL;
    for (size_t i = 0; i < sizeof free_mail / sizeof free_mail[0]; i++)
        if (strcasecmp(sender.domain, free_mail[i]) == 0)
            find(check, true, "from-free-mail",
                 NL_TEXT("%s mail that %s did not send is refused under its DMARC policy: use a "
                         "domain of "
                         "your own"),
                 sender.domain, sender.domain);
    if (!signs)
        find(check, false, "dkim",
             NL_TEXT("mail is not signed by us; Gmail and Yahoo refuse unsigned bulk mail: run "
                     "'newsletter "
                     "dkim keygen', unless your mail server signs"));
    status = nl_smime_examine(config, sender.envelope, nl_env_now(&nl_env_system), check->out, NULL,
                              err);
    if (config->dkim.domain != NULL && !nl_host_aligns(config->dkim.domain, sender.domain))
        find(check, true, "dkim-alignment",
             NL_TEXT("dkim.domain %s signs for another domain than that of From, %s: DMARC fails"),
             config->dkim.domain, sender.domain);
    const char *at = config->bounce_address != NULL ? strrchr(config->bounce_address, '@') : NULL;
    if (at == NULL)
        find(check, false, "bounce-address",
             NL_TEXT("no bounce_address: bounces cannot be assigned to recipients, and dead "
                     "addresses stay on the list"));
    else if (!signs && !nl_host_aligns(at + 1, sender.domain))
        find(check, false, "spf-alignment",
             NL_TEXT("bounce_address is in %s, From in %s: without a DKIM signature DMARC fails"),
             at + 1, sender.domain);
    struct nl_identity identity;
    nl_identity_of(config, list->name, list->language, &identity);
    if (list->postal_address == NULL && identity.postal_address[0] == '\0')
        find(check, true, "postal-address",
             NL_TEXT("the list has no postal address, which the law requires in many countries: "
                     "newsletter list edit %s --postal-address TEXT"),
             list->name);
    if (name == NULL)
        find(check, false, "from-name",
             NL_TEXT("From has no name before the address, and readers know names: newsletter list "
                     "edit %s "
                     "--from 'NAME <%s>'"),
             list->name, sender.text);
    free(name);
    nl_address_free(&sender);
    return status;
}

enum nl_status nl_bulletin_check(const struct nl_bulletin *bulletin, const struct nl_list *list,
                                 const struct nl_config *config, struct nl_findings *out,
                                 struct nl_error *err) {
    struct check check = {.config = config, .out = out};
    enum nl_status status = NL_OK;
    *out = (struct nl_findings){0};
    for (size_t i = 0; status == NL_OK && i < bulletin->view_count; i++) {
        check.view = &bulletin->views[i];
        check.edition = nl_bulletin_edition(bulletin, i);
        check.path = check.view->path;
        check.images = check.words = 0;
        check_subject(&check, check.edition.subject);
        if (check.edition.alternative_subject != NULL)
            check_subject(&check, check.edition.alternative_subject);
        check_size(&check);
        check_place(&check);
        check_html(&check, config);
        status = check_body(&check, err);
    }
    check.path = NULL; /* the next checks concern all editions */
    check_one_click(&check, config);
    if (status == NL_OK)
        status = check_sender(&check, list, config, err);
    return status;
}
