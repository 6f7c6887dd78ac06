/* Questions to the DNS and their answers, for all checks of a domain. */
#include "doctor/checks.h"

#include <string.h>

bool nl_doctor_asked(struct nl_doctor *doctor, const char *rule, enum nl_status status,
                     struct nl_error *err) {
    if (status == NL_OK)
        return true;
    if (status == NL_TEMPFAIL) {
        nl_findings_add(doctor->out, NL_LEVEL_ERROR, rule, NULL,
                        "%s: check whether the name server answers", nl_error_text(err));
        nl_error_free(err);
    }
    return false;
}

enum nl_status nl_doctor_ended(enum nl_status status) {
    return status == NL_TEMPFAIL ? NL_OK : status;
}

enum nl_status nl_doctor_txt(struct nl_doctor *doctor, const char *prefix, const char *domain,
                             struct nl_answers *out, struct nl_error *err) {
    struct nl_buf name = {0};
    *out = (struct nl_answers){0};
    nl_buf_addf(&name, "%s%s", prefix, domain);
    enum nl_status status = nl_dns_ask(doctor->dns, NL_DNS_TXT, name.data, out, err);
    nl_buf_free(&name);
    return status;
}

bool nl_tag_value(const char *record, const char *tag, struct nl_buf *out) {
    nl_buf_clear(out);
    for (const char *at = record; *at != '\0';) {
        size_t len = strcspn(at, ";");
        const char *name = at + strspn(at, " \t");
        size_t name_len = strcspn(name, "= \t");
        if (name_len == strlen(tag) && strncmp(name, tag, name_len) == 0) {
            const char *equals = memchr(at, '=', len);
            for (const char *p = equals; p != NULL && ++p < at + len;)
                if (*p != ' ' && *p != '\t')
                    nl_buf_addc(out, *p);
            return equals != NULL;
        }
        at += len + (at[len] == ';');
    }
    return false;
}

bool nl_tag_is_record(const char *record, const char *version) {
    struct nl_buf value = {0};
    const char *equals = strchr(record, '=');
    size_t start = strspn(record, " \t");
    bool first = equals != NULL && record[start] == 'v' &&
                 record + start + 1 + strspn(record + start + 1, " \t") == equals;
    bool is = first && strchr(record, ';') != NULL && nl_tag_value(record, "v", &value) &&
              strcmp(nl_buf_text(&value), version) == 0;
    nl_buf_free(&value);
    return is;
}
