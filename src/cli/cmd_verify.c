#include "cli/cli.h"

#include "newsletter/report/facts.h"
#include "newsletter/service/conversion.h"
#include "newsletter/service/photo.h"
#include "newsletter/service/verdicts.h"
#include "newsletter/transfer/outlook_mail.h"

#include <string.h>

struct verify_options {
    const char *signature, *key;
};

enum { MOST = 24 << 20, NOTE_MOST = 16 << 20 };

/* ---- the answer in words ---- */

static void print_issue(const json_t *facts) {
    printf("  %s\n  %s, %s, reference %s\n", nl_facts_word(facts, "title"),
           nl_facts_word(facts, "office"), nl_facts_word(facts, "date"),
           nl_facts_word(facts, "reference"));
}

static void print_difference(const json_t *difference) {
    const char *kind = nl_facts_word(difference, "kind");
    long long paragraph = json_integer_value(json_object_get(difference, "paragraph"));
    if (strcmp(kind, "file") == 0) {
        printf("- a file that we have not sent: %s\n", nl_facts_word(difference, "here"));
        return;
    }
    if (paragraph > 0)
        printf("- paragraph %lld: %s\n", paragraph, kind);
    else
        printf("- %s\n", kind);
    if (nl_facts_word(difference, "ours")[0] != '\0')
        printf("  ours: %s\n", nl_facts_word(difference, "ours"));
    if (nl_facts_word(difference, "here")[0] != '\0')
        printf("  here: %s\n", nl_facts_word(difference, "here"));
}

static void print_texts(const json_t *facts, const char *name, const char *heading) {
    const json_t *texts = json_object_get(facts, name);
    if (json_array_size(texts) > 0)
        puts(heading);
    for (size_t i = 0; i < json_array_size(texts); i++)
        printf("  %s\n", json_string_value(json_array_get(texts, i)));
}

static void print_answer(const struct nl_genuine *genuine) {
    static const char *const words[] = {"not known to us", "ours, but changed", "ours, unchanged"};
    const json_t *differences = json_object_get(genuine->facts, "differences");
    puts(words[genuine->verdict]);
    if (genuine->verdict == NL_VERDICT_UNKNOWN) {
        const json_t *named = json_object_get(genuine->facts, "named");
        if (json_is_object(named)) {
            puts("It has the reference number of this issue, whose text is different:");
            print_issue(named);
        }
        return;
    }
    print_issue(genuine->facts);
    for (size_t i = 0; i < json_array_size(differences); i++)
        print_difference(json_array_get(differences, i));
    print_texts(genuine->facts, "personal", "What differs from reader to reader says here:");
    print_texts(genuine->facts, "around", "Not part of it:");
}

static enum nl_status answer(struct cli *cli, const struct nl_genuine *genuine,
                             struct nl_error *err) {
    if (cli->json)
        cli_print_json(cli, json_incref(genuine->facts));
    else
        print_answer(genuine);
    switch (genuine->verdict) {
    case NL_VERDICT_OURS:
        return NL_OK;
    case NL_VERDICT_CHANGED:
        return nl_error_set(err, NL_DATA, "%s is ours, but changed", cli->words[0]);
    default:
        return nl_error_set(err, NL_NOTFOUND, "%s is not known to us", cli->words[0]);
    }
}

/* ---- finding it ---- */

static enum nl_status compare_file(const struct nl_asked *asked, const char *path,
                                   const struct nl_key_ring *ring, struct nl_genuine *out,
                                   struct nl_error *err) {
    struct nl_buf note = {0};
    enum nl_status status = nl_file_read(path, NOTE_MOST, &note, err);
    if (status == NL_OK)
        status = nl_genuine_compare(asked, nl_buf_text(&note), ring, out, err);
    if (status == NL_DATA)
        nl_error_context(err, "%s", path);
    nl_buf_free(&note);
    return status;
}

static enum nl_status check_note(struct cli *cli, const struct nl_buf *note,
                                 const struct nl_key_ring *ring, struct nl_error *err) {
    struct nl_genuine genuine = {.verdict = NL_VERDICT_OURS};
    enum nl_status status = nl_genuine_describe(nl_buf_text(note), ring, &genuine.facts, err);
    if (status != NL_OK)
        return nl_error_context(err, "%s", cli->words[0]);
    json_object_set_new(genuine.facts, "verdict", json_string(nl_verdict_names[NL_VERDICT_OURS]));
    status = answer(cli, &genuine, err);
    nl_genuine_free(&genuine);
    return status;
}

/* A number alone proves nothing, since anybody can copy one: the answer says which issue has it. */
static enum nl_status answer_photo(struct cli *cli, const char *reference, const json_t *issues,
                                   struct nl_error *err) {
    bool known = json_array_size(issues) > 0;
    if (cli->json)
        cli_print_json(cli, json_pack("{s:s, s:s, s:O}", "verdict", known ? "number" : "unknown",
                                      "reference", reference, "issues", (json_t *)issues));
    else
        printf("%s\n", known ? "a code of ours; anybody can copy one, so compare the text"
                             : "not known to us");
    for (size_t i = 0; !cli->json && i < json_array_size(issues); i++) {
        const json_t *facts = json_array_get(issues, i);
        printf("  %s\n  %s, reference %s\n", nl_facts_word(facts, "title"),
               nl_facts_word(facts, "date"), nl_facts_word(facts, "reference"));
    }
    return known ? NL_OK : nl_error_set(err, NL_NOTFOUND, "%s is not known to us", cli->words[0]);
}

static enum nl_status verify_photo(struct cli *cli, const struct nl_buf *photo,
                                   const struct nl_key_ring *ring, struct nl_error *err) {
    char reference[NL_REFERENCE_LEN + 1];
    enum nl_photo_code found = NL_PHOTO_NONE;
    json_t *issues = NULL;
    enum nl_status status = cli_open(cli, err);
    if (status == NL_OK)
        status = nl_photo_read(&cli->config, photo->data, photo->len, &found, reference, err);
    if (status == NL_OK && found == NL_PHOTO_NONE)
        return nl_error_set(err, NL_DATA, "%s has no QR code that can be read", cli->words[0]);
    if (status == NL_OK && found == NL_PHOTO_ELSEWHERE)
        return nl_error_set(err, NL_NOTFOUND,
                            "%s has a QR code that leads to another place than our website: it is "
                            "not ours",
                            cli->words[0]);
    const struct nl_office office = cli_office(cli);
    if (status == NL_OK)
        status = nl_office_reference(&office, reference, ring, false, &issues, err);
    if (status == NL_OK)
        status = answer_photo(cli, reference, issues, err);
    json_decref(issues);
    return status;
}

static enum nl_status verify_text(struct cli *cli, const struct verify_options *chosen,
                                  const struct nl_buf *text, const struct nl_key_ring *ring,
                                  struct nl_error *err) {
    struct nl_asked *asked = NULL;
    struct nl_genuine genuine = {0};
    enum nl_status status = nl_asked_read(nl_buf_text(text), text->len, &asked, err);
    if (status == NL_OK && chosen->signature != NULL) {
        status = compare_file(asked, chosen->signature, ring, &genuine, err);
    } else if (status == NL_OK) {
        status = cli_open(cli, err);
        const struct nl_office office = cli_office(cli);
        if (status == NL_OK)
            status = nl_office_genuine(&office, asked, ring, false, &genuine, err);
    }
    if (status == NL_OK)
        status = answer(cli, &genuine, err);
    nl_genuine_free(&genuine);
    nl_asked_free(asked);
    return status;
}

/* A mail that Outlook has saved becomes one as others send and save it. */
static enum nl_status open_saved(struct cli *cli, struct nl_buf *text, struct nl_error *err) {
    struct nl_buf mail = {0};
    if (!nl_outlook_is_one(nl_buf_text(text), text->len))
        return NL_OK;
    enum nl_status status = nl_convert_mail(text, &mail, err);
    nl_buf_free(text);
    *text = mail;
    return status == NL_OK ? NL_OK : nl_error_context(err, "%s", cli->words[0]);
}

static enum nl_status verify_run(struct cli *cli, void *options, struct nl_error *err) {
    const struct verify_options *chosen = options;
    struct nl_key_ring ring = {0};
    struct nl_buf text = {0};
    enum nl_status status = nl_file_read(cli->words[0], MOST, &text, err);
    if (status == NL_OK)
        status = open_saved(cli, &text, err);
    if (status == NL_OK)
        status = cli_read_keys(cli, chosen->key, &ring, err);
    if (status == NL_OK && nl_genuine_is_note(nl_buf_text(&text)))
        status = check_note(cli, &text, &ring, err);
    else if (status == NL_OK && nl_photo_is_one(nl_buf_text(&text), text.len))
        status = verify_photo(cli, &text, &ring, err);
    else if (status == NL_OK)
        status = verify_text(cli, chosen, &text, &ring, err);
    nl_key_ring_free(&ring);
    nl_buf_free(&text);
    return status;
}

static const struct cli_option verify_table[] = {
    CLI_PATH("signature", struct verify_options, signature),
    CLI_PATH("key", struct verify_options, key),
    {0},
};

const struct cli_command cmd_verify = {
    .name = "verify",
    .options = verify_table,
    .size = sizeof(struct verify_options),
    .run = verify_run,
    .words = {1, 1, "one FILE"},
    .heedless_of_imports = true,
};
