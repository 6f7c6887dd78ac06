/* Charts as inline SVG: no script, no style of their own (a strict CSP allows neither), colours by
 * the classes of page.css, so that they follow light and dark. */
#ifndef NL_REPORT_CHART_H
#define NL_REPORT_CHART_H

#include "newsletter/base/buf.h"

#include <stddef.h>
#include <stdint.h>

struct nl_chart_point {
    int64_t at; /* UTC seconds */
    int64_t value;
};

/* Appends a line over time, with zero at the bottom. `title` describes the chart in words. Appends
 * nothing for less than two points. */
void nl_chart_line(const char *title, const struct nl_chart_point *points, size_t count,
                   struct nl_buf *out);

enum { NL_CHART_PARTS = 8 };

/* One bar, divided; part N is drawn in the class "pN". */
struct nl_chart_bar {
    const char *label;
    int64_t parts[NL_CHART_PARTS];
};

/* Appends horizontal bars with their labels and sums. Appends nothing without bars. */
void nl_chart_bars(const char *title, const struct nl_chart_bar *bars, size_t count,
                   struct nl_buf *out);

#endif
