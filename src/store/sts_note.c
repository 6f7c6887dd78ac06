#include "newsletter/store/sts_note.h"

#include "newsletter/db/sql.h"
#include "store/setting.h"

#include <stdlib.h>
#include <string.h>

/* "UNTIL MAX_AGE MODE ID", and a line for each mail host. */

static const char KEY[] = "mta-sts ";

enum { DAY = 86400 }; /* a policy is fetched again after that */

void nl_sts_note_free(struct nl_sts_note *note) {
    nl_sts_policy_free(&note->policy);
    *note = (struct nl_sts_note){0};
}

void nl_sts_note_make(const struct nl_sts_policy *policy, const char *id, int64_t now,
                      struct nl_sts_note *out) {
    *out = (struct nl_sts_note){.until = now + policy->max_age};
    out->policy.mode = policy->mode;
    out->policy.max_age = policy->max_age;
    memcpy(out->id, id, strlen(id) + 1);
    nl_buf_adds(&out->policy.mail_hosts, nl_buf_text(&policy->mail_hosts));
}

bool nl_sts_note_holds(const struct nl_sts_note *note, int64_t now) {
    return note->until > now;
}

bool nl_sts_note_is_fresh(const struct nl_sts_note *note, const char *id, int64_t now) {
    return nl_sts_note_holds(note, now) && note->until - now >= note->policy.max_age - DAY &&
           strcmp(note->id, id) == 0;
}

enum nl_status nl_sts_note_write(struct nl_store *store, const char *domain,
                                 const struct nl_sts_note *note, struct nl_error *err) {
    struct nl_buf value = {0};
    nl_buf_addf(&value, "%lld %lld %d %s\n%s", (long long)note->until,
                (long long)note->policy.max_age, (int)note->policy.mode, note->id,
                nl_buf_text(&note->policy.mail_hosts));
    enum nl_status status = nl_setting_put(store, KEY, domain, value.data, err);
    nl_buf_free(&value);
    return status;
}

/* Takes nothing that is not as nl_sts_note_write has written it. */
static enum nl_status read_note(const struct nl_sql_row *row, void *context, struct nl_error *err) {
    struct nl_sts_note *note = context;
    const char *text = nl_sql_text(row, 0);
    char *end = NULL;
    int64_t until = strtoll(text, &end, 10);
    int64_t max_age = strtoll(end, &end, 10);
    long mode = strtol(end, &end, 10);
    size_t len = *end == ' ' ? strcspn(end + 1, "\n") : 0;
    (void)err;
    if (len == 0 || len >= sizeof note->id || mode < NL_STS_NONE || mode > NL_STS_ENFORCE)
        return NL_OK;
    note->until = until;
    note->policy.max_age = max_age;
    note->policy.mode = (enum nl_sts_mode)mode;
    memcpy(note->id, end + 1, len);
    note->id[len] = '\0';
    nl_buf_clear(&note->policy.mail_hosts);
    if (end[1 + len] == '\n')
        nl_buf_adds(&note->policy.mail_hosts, end + len + 2);
    return NL_OK;
}

enum nl_status nl_sts_note_read(struct nl_store *store, const char *domain, struct nl_sts_note *out,
                                struct nl_error *err) {
    *out = (struct nl_sts_note){0};
    enum nl_status status =
        nl_sql_each(store, err, read_note, out,
                    "SELECT value FROM setting WHERE key = CAST(?1 AS TEXT) || CAST(?2 AS TEXT)",
                    NL_VALUES(NL_STRING(KEY), NL_STRING(domain)));
    if (status == NL_OK && !nl_sts_note_holds(out, nl_store_now(store)))
        status = nl_error_set(err, NL_NOTFOUND, "there is no policy of %s", domain);
    if (status != NL_OK)
        nl_sts_note_free(out);
    return status;
}

/* When a policy expires: the first number of its note. */
static int64_t time_of(const char *value) {
    return strtoll(value, NULL, 10);
}

enum nl_status nl_sts_notes_forget(struct nl_store *store, struct nl_error *err) {
    return nl_settings_forget(store, "SELECT key, value FROM setting WHERE key LIKE 'mta-sts %'",
                              nl_store_now(store), time_of, err);
}
