#include "cli/cli.h"

#include "newsletter/base/timestamp.h"
#include "newsletter/base/zone.h"

#include <stdlib.h>

void cli_format_time(int64_t at, char out[CLI_TIME_LEN]) {
    cli_format_time_in(at, NULL, out);
}

void cli_format_time_in(int64_t at, const char *zone, char out[CLI_TIME_LEN]) {
    struct nl_datetime clock = {0};
    char text[80];
    nl_zone_clock(at, zone, &clock);
    int minutes = (int)((nl_datetime_seconds(&clock) - at) / 60);
    int len = snprintf(text, sizeof text, "%04d-%02d-%02d %02d:%02d ", clock.year, clock.month,
                       clock.day, clock.hour, clock.minute);
    if (minutes == 0)
        snprintf(text + len, sizeof text - (size_t)len, "UTC");
    else
        snprintf(text + len, sizeof text - (size_t)len, "%c%02d:%02d", minutes < 0 ? '-' : '+',
                 abs(minutes) / 60, abs(minutes) % 60);
    snprintf(out, CLI_TIME_LEN, "%.*s", CLI_TIME_LEN - 1, text);
}

json_t *cli_json_time(int64_t at) {
    char text[NL_TIMESTAMP_LEN];
    nl_timestamp_text(at, text);
    return at != 0 ? json_string(text) : json_null();
}
