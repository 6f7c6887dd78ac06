#include "newsletter/smtp/sts.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    MOST_HOSTS = 64,
    MOST_AGE = 31557600, /* a year (section 3.2) */
    LEAST_AGE = 60,
};

void nl_sts_policy_free(struct nl_sts_policy *policy) {
    nl_buf_free(&policy->mail_hosts);
}

/* A name, or "*." before one: letters, digits, hyphens and dots. */
static bool is_pattern(const char *text, size_t len) {
    if (len > 2 && text[0] == '*' && text[1] == '.') {
        text += 2;
        len -= 2;
    }
    if (len == 0 || len >= NL_MAIL_NAME || text[0] == '.')
        return false;
    for (size_t i = 0; i < len; i++)
        if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.", text[i]) ==
            NULL)
            return false;
    return true;
}

static bool is_word(const char *word, const char *text, size_t len) {
    return strlen(word) == len && memcmp(word, text, len) == 0;
}

/* The fields of a policy that were seen: each field counts where it first stands. */
struct seen {
    bool version, mode, max_age;
    size_t hosts;
};

static void take_mode(const char *value, size_t len, struct nl_sts_policy *policy,
                      struct seen *seen) {
    static const char *const words[] = {"none", "testing", "enforce"};
    for (int i = 0; i < 3 && !seen->mode; i++)
        if (is_word(words[i], value, len)) {
            policy->mode = (enum nl_sts_mode)i;
            seen->mode = true;
        }
}

static void take_max_age(const char *value, size_t len, struct nl_sts_policy *policy,
                         struct seen *seen) {
    if (seen->max_age || len == 0 || len > 10 || strspn(value, "0123456789") < len)
        return;
    policy->max_age = strtoll(value, NULL, 10);
    if (policy->max_age > MOST_AGE)
        policy->max_age = MOST_AGE;
    if (policy->max_age < LEAST_AGE)
        policy->max_age = LEAST_AGE;
    seen->max_age = true;
}

static void take_field(const char *key, size_t key_len, const char *value, size_t len,
                       struct nl_sts_policy *policy, struct seen *seen) {
    if (is_word("version", key, key_len)) {
        seen->version = seen->version || is_word("STSv1", value, len);
    } else if (is_word("mode", key, key_len)) {
        take_mode(value, len, policy, seen);
    } else if (is_word("max_age", key, key_len)) {
        take_max_age(value, len, policy, seen);
    } else if (is_word("mx", key, key_len) && is_pattern(value, len) && seen->hosts < MOST_HOSTS) {
        nl_buf_add(&policy->mail_hosts, value, len);
        nl_buf_addc(&policy->mail_hosts, '\n');
        seen->hosts++;
    }
}

/* "KEY: VALUE", without the white space around both. */
static void take_line(const char *line, size_t len, struct nl_sts_policy *policy,
                      struct seen *seen) {
    const char *colon = memchr(line, ':', len);
    if (colon == NULL)
        return;
    size_t key_len = (size_t)(colon - line);
    const char *value = colon + 1;
    const char *end = line + len;
    while (key_len > 0 && strchr(" \t", line[key_len - 1]) != NULL)
        key_len--;
    while (value < end && strchr(" \t", *value) != NULL)
        value++;
    while (end > value && strchr(" \t\r", end[-1]) != NULL)
        end--;
    take_field(line, key_len, value, (size_t)(end - value), policy, seen);
}

enum nl_status nl_sts_policy_read(const char *text, struct nl_sts_policy *out,
                                  struct nl_error *err) {
    struct seen seen = {0};
    *out = (struct nl_sts_policy){0};
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        take_line(text, len, out, &seen);
        text += len + (text[len] == '\n');
    }
    const char *missing = !seen.version                                 ? "version: STSv1"
                          : !seen.mode                                  ? "mode"
                          : !seen.max_age                               ? "max_age"
                          : seen.hosts == 0 && out->mode != NL_STS_NONE ? "mx"
                                                                        : NULL;
    return missing == NULL ? NL_OK
                           : nl_error_set(err, NL_DATA, "the policy has no valid '%s'", missing);
}

bool nl_sts_pattern_names(const char *pattern, size_t len, const char *host) {
    if (len > 2 && pattern[0] == '*') {
        const char *dot = strchr(host, '.');
        return dot != NULL && strlen(dot) == len - 1 && strncasecmp(dot, pattern + 1, len - 1) == 0;
    }
    return strlen(host) == len && strncasecmp(host, pattern, len) == 0;
}

bool nl_sts_policy_names(const struct nl_sts_policy *policy, const char *host) {
    const char *line = nl_buf_text(&policy->mail_hosts);
    while (*line != '\0') {
        size_t len = strcspn(line, "\n");
        if (nl_sts_pattern_names(line, len, host))
            return true;
        line += len + (line[len] == '\n');
    }
    return false;
}
