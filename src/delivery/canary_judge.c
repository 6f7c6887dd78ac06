/* The findings of a canary, in plain words, and whether the others get the issue. */
#include "delivery/canary_run.h"

#include "newsletter/base/catalog.h"
#include "newsletter/base/kept_error.h"

#include <stdarg.h>
#include <string.h>

enum { WHOLE = 100 };

struct judging {
    const struct nl_config *config;
    json_t *findings, *said;
    bool time_is_up;
    int64_t junk, missing, failing; /* seeds */
};

static const char *word(const json_t *facts, const char *name) {
    const char *text = json_string_value(json_object_get(facts, name));
    return text != NULL ? text : "";
}

/* The text for the command line and the API, and the parts, so that a page words it in its own
 * language. */
static void add_finding(struct judging *judging, const char *text, json_t *parts) {
    struct nl_buf plain = {0};
    json_t *finding = json_string(text);
    for (const char *at = text; finding == NULL && *at != '\0';
         at++) /* a server may say anything */
        nl_buf_addc(&plain, (unsigned char)*at > '~' ? '?' : *at);
    json_array_append_new(judging->findings,
                          finding != NULL ? finding : json_string(nl_buf_text(&plain)));
    json_array_append_new(judging->said, parts != NULL ? parts : json_null());
    nl_buf_free(&plain);
}

__attribute__((format(printf, 2, 3))) static void find(struct judging *judging, const char *format,
                                                       ...) {
    struct nl_error said = {0};
    va_list values;
    va_start(values, format);
    nl_error_ignore(nl_error_set_args(&said, NL_UNAVAILABLE, format, values));
    va_end(values);
    add_finding(judging, nl_error_text(&said), nl_error_keep(&said));
    nl_error_free(&said);
}

/* Why something did not work with a seed, after what did not: its parts follow. */
static void find_why(struct judging *judging, const char *format, const json_t *seed,
                     const char *why) {
    struct nl_buf text = {0};
    struct nl_buf name = {0};
    const char *said = word(seed, why);
    nl_buf_addf(&name, "%s_said", why);
    json_t *parts = json_pack("[[s, s]]", format, word(seed, "address"));
    json_t *rest = json_object_get(seed, nl_buf_text(&name));
    if (rest != NULL && json_is_array(rest))
        json_array_extend(parts, rest);
    else
        json_array_append_new(parts, json_pack("[s, s]", "%s", said));
    nl_buf_addf(&text, "%s%s: %s", word(seed, "address"), strchr(format, ':'), said);
    add_finding(judging, nl_buf_text(&text), parts);
    nl_buf_free(&text);
    nl_buf_free(&name);
}

/* ---- the seeds ---- */

static bool is_one_of(const char *result, const char *const results[]) {
    for (size_t i = 0; results[i] != NULL; i++)
        if (strcmp(results[i], result) == 0)
            return true;
    return false;
}

/* SPF often fails where mail is forwarded; where DMARC passes, DKIM has spoken for it. */
static void judge_authentication(struct judging *judging, const json_t *seed) {
    static const char *const failures[] = {"fail", "permerror", "policy", NULL};
    static const char *const spf_failures[] = {"fail", "hardfail", "softfail", "permerror", NULL};
    bool passes = strcmp(word(seed, "dmarc"), "pass") == 0;
    const struct {
        const char *method, *name;
        bool fails;
    } methods[] = {
        {"dkim", "DKIM", is_one_of(word(seed, "dkim"), failures)},
        {"dmarc", "DMARC", is_one_of(word(seed, "dmarc"), failures)},
        {"spf", "SPF", !passes && is_one_of(word(seed, "spf"), spf_failures)},
    };
    bool any = false;
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        if (!methods[i].fails || !judging->config->canary.authentication)
            continue;
        any = true;
        find(judging, NL_TEXT("%s: %s does not pass there (%s says %s=%s)"), word(seed, "address"),
             methods[i].name, word(seed, "authserv_id"), methods[i].method,
             word(seed, methods[i].method));
    }
    judging->failing += any;
}

static bool is_configured(const struct nl_config *config, const char *address) {
    for (size_t i = 0; i < NL_SEEDS && config->seeds[i].address != NULL; i++)
        if (strcmp(config->seeds[i].address, address) == 0)
            return true;
    return false;
}

/* A seed that was taken out of the settings meanwhile is not looked into, so nothing is missing
 * there. */
static void judge_missing(struct judging *judging, const json_t *seed) {
    if (!is_configured(judging->config, word(seed, "address")))
        return;
    const char *reason = word(seed, "reason");
    const char *problem = word(seed, "problem");
    judging->missing++;
    if (reason[0] != '\0')
        find_why(judging, NL_TEXT("%s: the copy could not be sent"), seed, "reason");
    else if (problem[0] != '\0')
        find_why(judging, NL_TEXT("%s: its mailbox could not be read"), seed, "problem");
    else if (judging->time_is_up)
        find(judging, NL_TEXT("%s: the copy did not arrive within %lld s"), word(seed, "address"),
             (long long)judging->config->canary.wait);
    else
        find(judging, NL_TEXT("%s: the copy is not there yet"), word(seed, "address"));
}

static void judge_seed(struct judging *judging, const json_t *seed) {
    const char *place = word(seed, "place");
    if (strcmp(place, "junk") == 0) {
        judging->junk++;
        find(judging, NL_TEXT("%s: the copy is in the junk folder (%s)"), word(seed, "address"),
             word(seed, "folder"));
    }
    if (place[0] == '\0' || strcmp(place, "missing") == 0)
        judge_missing(judging, seed);
    else
        judge_authentication(judging, seed);
}

/* ---- the sample ---- */

static bool is_more(int64_t count, int64_t people, int64_t per_cent) {
    return count * WHOLE > people * per_cent;
}

static json_t *sample_facts(const struct nl_canary_sample *sample) {
    return json_pack("{s:I, s:I, s:I, s:I, s:I}", "people", (json_int_t)sample->people, "sent",
                     (json_int_t)sample->sent, "deferred", (json_int_t)sample->deferred, "refused",
                     (json_int_t)sample->refused, "unknown", (json_int_t)sample->unknown);
}

enum canary_verdict nl_canary_judge(struct canary_run *run, const struct nl_canary_sample *sample,
                                    bool time_is_up) {
    const struct nl_config *config = run->plan->config;
    struct judging judging = {
        .config = config, .findings = json_array(), .said = json_array(), .time_is_up = time_is_up};
    json_t *seed = NULL;
    size_t at = 0;
    json_array_foreach(json_object_get(run->facts, "seeds"), at, seed) {
        judge_seed(&judging, seed);
    }
    bool refused = is_more(sample->refused, sample->people, config->canary.refused);
    bool deferred = is_more(sample->deferred, sample->people, config->canary.deferred);
    if (refused)
        find(&judging,
             NL_TEXT("%lld of the %lld people of the sample were refused, more than %lld%%"),
             (long long)sample->refused, (long long)sample->people,
             (long long)config->canary.refused);
    if (deferred)
        find(&judging,
             NL_TEXT("%lld of the %lld people of the sample were deferred, more than %lld%%"),
             (long long)sample->deferred, (long long)sample->people,
             (long long)config->canary.deferred);
    json_object_set_new(run->facts, "findings", judging.findings);
    json_object_set_new(run->facts, "said", judging.said);
    json_object_set_new(run->facts, "sample", sample_facts(sample));
    if (refused || judging.junk > config->canary.junk || judging.failing > 0)
        return CANARY_PAUSE;
    if (judging.missing == 0 && !deferred)
        return CANARY_PASS;
    if (!time_is_up)
        return CANARY_WAIT;
    return deferred || judging.missing > config->canary.missing ? CANARY_PAUSE : CANARY_PASS;
}
