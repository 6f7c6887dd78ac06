#include "web/archive_link.h"

#include "web/stamp.h"

/* The form stands on the page itself, unless the visitor's browser must work for it. */
static void add_form(struct nl_site *site, struct nl_site_archive *out) {
    if (site->config->serve.challenge && site->config->serve.check_forms)
        return;
    nl_buf_addf(&out->action, "%s/join", site->prefix);
    out->archive.action = nl_buf_text(&out->action);
    out->archive.stamp = NL_STAMP_MARK;
}

enum nl_status nl_site_archive_open(struct nl_site *site, const struct nl_request *request,
                                    const struct nl_list *list, struct nl_site_archive *out,
                                    struct nl_error *err) {
    const struct nl_theme *theme = NULL;
    enum nl_status status =
        nl_site_theme(site, request, list != NULL ? list->language : NULL, &theme, err);
    if (status != NL_OK)
        return status;
    if (site->config->serve.url != NULL && list != NULL)
        nl_buf_addf(&out->url, "%s/archive/%s/", site->config->serve.url, list->name);
    nl_buf_addf(&out->join, "%s/join", site->prefix);
    if (list != NULL)
        nl_buf_addf(&out->join, "?list=%s", list->name);
    nl_buf_addf(&out->home, "%s/", site->prefix);
    nl_site_language(request, out->language);
    out->archive = (struct nl_archive){
        .store = site->store,
        .theme = theme,
        .list = list,
        .url = nl_buf_text(&out->url),
        .config = site->config,
        .join = nl_buf_text(&out->join),
        .home = nl_buf_text(&out->home),
        .language = out->language[0] != '\0' ? out->language : NULL,
        .searchable = true,
    };
    add_form(site, out);
    return NL_OK;
}

void nl_site_archive_close(struct nl_site_archive *archive) {
    nl_buf_free(&archive->url);
    nl_buf_free(&archive->join);
    nl_buf_free(&archive->action);
    nl_buf_free(&archive->home);
}
