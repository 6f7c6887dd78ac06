#include "newsletter/archive/archive.h"
#include "newsletter/base/catalog.h"
#include "newsletter/report/facts.h"
#include "newsletter/report/figures.h"
#include "newsletter/service/issue_report.h"
#include "newsletter/template/data.h"
#include "web/pdf_answer.h"
#include "web/staff_issue.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name, *label;
} labels[] = {
    {"handed", NL_TEXT("Handed over")},
    {"delivered", NL_TEXT("Delivered")},
    {"bounced", NL_TEXT_IN("delivery", "Bounced")},
    {"failed", NL_TEXT("Not delivered")},
    {"complaints", NL_TEXT("Complaints")},
    {"unsubscribed", NL_TEXT("Unsubscribed")},
    {"replies", NL_TEXT("Replies")},
};

enum { FIGURES = sizeof labels / sizeof labels[0] };

static json_t *cells_of(const json_t *row) {
    json_t *cells = json_array();
    for (size_t i = 0; i < FIGURES; i++) {
        json_t *cell = json_object();
        json_object_set(cell, "number",
                        json_object_get(json_object_get(row, "figures"), labels[i].name));
        nl_data_set(cell, "percent",
                    nl_facts_word(json_object_get(row, "percent"), labels[i].name));
        json_array_append_new(cells, cell);
    }
    return cells;
}

static const char *label_of(const struct nl_issue_page *page, size_t at) {
    bool state = strcmp(labels[at].name, "bounced") == 0;
    return state ? nl_figures_state_label(page->call->theme->catalog, "bounced")
                 : nl_staff_text(page->call, labels[at].label);
}

/* Adds the table, and answers what is wrong with the report as "problem". */
static enum nl_status add_report(const struct nl_issue_page *page, json_t **report) {
    const struct nl_catalog *catalog = page->call->theme->catalog;
    json_t *data = page->call->data;
    json_t *heads = json_array();
    size_t at = 0;
    json_t *row = NULL;
    enum nl_status status = nl_office_issue_report(&page->office, page->id, report, page->err);
    for (size_t i = 0; i < FIGURES; i++)
        json_array_append_new(heads, json_string(label_of(page, i)));
    json_array_foreach(*report, at, row) {
        nl_figures_set_time(row, "since", row, "begun");
        nl_data_set(row, "state_label",
                    nl_figures_issue_label(catalog, nl_facts_word(row, "state")));
        json_object_set_new(row, "own", json_boolean(at == 0));
        json_object_set_new(row, "cells", cells_of(row));
    }
    json_object_set_new(data, "heads", heads);
    json_object_set(data, "rows", *report);
    nl_data_set(data, "heading", nl_facts_word(page->issue, "title"));
    return status;
}

static enum nl_status finish(const struct nl_issue_page *page, const char *file,
                             struct nl_buf *out) {
    json_t *data = page->call->data;
    json_t *common = nl_site_data(page->call->staff->site, page->call->theme, NULL);
    json_object_update_missing(data, common);
    json_decref(common);
    return nl_theme_render(page->call->theme, file, data, out, page->err);
}

static enum nl_status no_report(const struct nl_issue_page *page, enum nl_status status) {
    if (status != NL_DATA)
        return status;
    nl_error_free(page->err);
    return nl_site_say(page->call->staff->site, page->call->request, 409,
                       NL_TEXT("This is not possible in the present state of the issue."),
                       page->response, page->err);
}

enum nl_status nl_report_page(struct nl_issue_page *page) {
    const char *program = NULL;
    json_t *data = page->call->data;
    json_t *report = NULL;
    enum nl_status status = add_report(page, &report);
    json_decref(report);
    if (status != NL_OK)
        return no_report(page, status);
    char id[24];
    snprintf(id, sizeof id, "%lld", (long long)page->id);
    nl_data_set(data, "id", id);
    nl_data_set(data, "desk", "desk");
    json_object_set_new(data, "pdf",
                        json_boolean(nl_config_pdf(page->office.config, &program) != NL_PDF_NONE));
    return nl_staff_render(page->call->staff, page->call->theme, "staff-report.html",
                           json_incref(data), page->response, page->err);
}

enum nl_status nl_report_csv(struct nl_issue_page *page) {
    json_t *report = NULL;
    enum nl_status status = nl_office_issue_report(&page->office, page->id, &report, page->err);
    if (status != NL_OK)
        return no_report(page, status);
    nl_issue_report_csv(report, &page->response->body);
    page->response->type = "text/csv; charset=utf-8";
    page->response->attachment = "report.csv";
    json_decref(report);
    return NL_OK;
}

enum nl_status nl_report_pdf(struct nl_issue_page *page) {
    const char *program = NULL;
    json_t *report = NULL;
    struct nl_buf html = {0};
    if (nl_config_pdf(page->office.config, &program) == NL_PDF_NONE)
        return nl_site_say(page->call->staff->site, page->call->request, 409,
                           NL_TEXT("No program for PDFs is set up here. Print the page instead: "
                                   "browsers can save that as PDF."),
                           page->response, page->err);
    struct nl_site *site = page->call->staff->site;
    const struct nl_request *request = page->call->request;
    enum nl_status status = NL_OK;
    if (nl_pdf_is_awaited(request)) {
        status = nl_pdf_end(site, request, page->response, page->err);
    } else {
        status = add_report(page, &report);
        json_decref(report);
        if (status == NL_OK)
            status = finish(page, "staff-report-print.html", &html);
        if (status == NL_OK)
            status = nl_pdf_begin(site, request, &html, page->response, page->err);
        nl_buf_free(&html);
    }
    /* For those who are logged in; an answer in its place is a page. */
    page->response->cacheable = page->response->ranges = false;
    if (status == NL_OK && page->response->retry_after == 0)
        page->response->attachment = "report.pdf";
    return status == NL_DATA ? no_report(page, status) : status;
}
