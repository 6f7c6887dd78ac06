#include "service/draft_fixer.h"

#include <string.h>
#include <strings.h>

bool nl_fix_is_field(const char *rule) {
    return strcmp(rule, "subject-reply") == 0 || strcmp(rule, "number") == 0;
}

/* The length of "Re: Fwd: ". */
static size_t reply_len(const char *subject) {
    static const char *const signs[] = {"re:", "fwd:", "fw:"};
    const char *at = subject;
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
        if (strncasecmp(at, signs[i], strlen(signs[i])) == 0) {
            at += strlen(signs[i]);
            at += strspn(at, " ");
            return (size_t)(at - subject) + reply_len(at);
        }
    return 0;
}

/* A mail without a subject of its own has the title. */
static enum nl_status fix_subject(struct nl_front_fields *fields, struct nl_error *err) {
    const char *subject = fields->values[NL_FRONT_SUBJECT];
    bool own = subject != NULL && subject[0] != '\0';
    const char *text = own ? subject : fields->values[NL_FRONT_TITLE];
    size_t len = text != NULL ? reply_len(text) : 0;
    struct nl_buf rest = {0};
    if (len == 0 || text[len] == '\0')
        return nl_fix_moved(err);
    nl_buf_adds(&rest, text + len);
    nl_front_fields_set(fields, own ? NL_FRONT_SUBJECT : NL_FRONT_TITLE, nl_buf_text(&rest));
    nl_buf_free(&rest);
    return NL_OK;
}

enum nl_status nl_fix_field(const struct nl_draft_fix *fix, struct nl_front_fields *fields,
                            struct nl_error *err) {
    if (strcmp(fix->rule, "subject-reply") == 0)
        return fix_subject(fields, err);
    if (fix->about[0] == '\0')
        return nl_fix_moved(err);
    nl_front_fields_set(fields, NL_FRONT_NUMBER, fix->about);
    return NL_OK;
}
