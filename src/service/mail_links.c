#include "newsletter/service/mail_links.h"

enum nl_status nl_office_confirm(const struct nl_office *office, const char *token, int64_t wording,
                                 struct nl_token_result *out, struct nl_error *err) {
    const struct nl_confirming how = {.welcome = office->config->notices.welcome,
                                      .wording = wording};
    return nl_confirm(office->store, token, &how, out, err);
}

enum nl_status nl_office_leave(const struct nl_office *office, const char *token,
                               struct nl_token_result *out, struct nl_error *err) {
    return nl_unsubscribe_token(office->store, token, office->config->notices.goodbye, out, err);
}

enum nl_status nl_office_come_back(const struct nl_office *office, const char *token,
                                   struct nl_token_result *out, struct nl_error *err) {
    return nl_unsubscribe_undo(office->store, token, out, err);
}

enum nl_status nl_office_confirm_check(const struct nl_office *office, const char *token,
                                       struct nl_token_result *out, struct nl_error *err) {
    return nl_confirm_check(office->store, token, out, err);
}

enum nl_status nl_office_leave_check(const struct nl_office *office, const char *token,
                                     struct nl_token_result *out, struct nl_error *err) {
    return nl_unsubscribe_check(office->store, token, out, err);
}

enum nl_status nl_office_mask_address(const struct nl_office *office,
                                      const struct nl_token_result *result, bool new_one,
                                      struct nl_buf *out, struct nl_error *err) {
    return nl_subscriber_mask(office->store, result->subscriber, new_one, out, err);
}
