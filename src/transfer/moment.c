#include "transfer/moment.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { NUMBERS = 3, TEXT_LIMIT = 80, WORD_LIMIT = 40 };

/* The parts of a text that have been read so far. */
struct reading {
    long numbers[NUMBERS]; /* of the date */
    size_t digits[NUMBERS];
    char separators[NUMBERS]; /* after each */
    int count;
    int month_at; /* how many numbers stand before the name of a month */
    int month;
    long hour, minute, second, offset;
    bool time, evening, morning, wrong;
};

static size_t digits_at(const char *text) {
    return strspn(text, "0123456789");
}

/* "09:30", "09:30:15", "09:30:15.123": returns what follows. */
static const char *read_time(struct reading *reading, const char *text) {
    char *end = NULL;
    reading->wrong = reading->wrong || reading->time;
    reading->time = true;
    reading->hour = strtol(text, &end, 10);
    reading->minute = strtol(end + 1, &end, 10);
    if (*end == ':' && isdigit((unsigned char)end[1]))
        reading->second = strtol(end + 1, &end, 10);
    if (*end == '.' || *end == ',')
        end += 1 + digits_at(end + 1);
    return end;
}

/* "+05", "+0530", "+05:30" behind a time. */
static const char *read_offset(struct reading *reading, const char *text) {
    long sign = *text == '-' ? -1 : 1;
    size_t len = digits_at(text + 1);
    char *end = NULL;
    long number = strtol(text + 1, &end, 10);
    long minutes = 0;
    if (len == 4) {
        minutes = number % 100;
        number /= 100;
    } else if (*end == ':' && digits_at(end + 1) == 2) {
        minutes = strtol(end + 1, &end, 10);
    }
    reading->wrong =
        reading->wrong || (len != 2 && len != 4 && len != 1) || number > 14 || minutes > 59;
    reading->offset = sign * (number * 3600 + minutes * 60);
    return end;
}

static const char *read_number(struct reading *reading, const char *text) {
    size_t len = digits_at(text);
    if (len <= 2 && text[len] == ':' && isdigit((unsigned char)text[len + 1]))
        return read_time(reading, text);
    if (reading->count == NUMBERS || len > 4) {
        reading->wrong = true;
        return text + len;
    }
    reading->numbers[reading->count] = strtol(text, NULL, 10);
    reading->digits[reading->count] = len;
    reading->separators[reading->count++] = text[len];
    return text + len;
}

static bool is_letter(char c) {
    return isalpha((unsigned char)c) || (unsigned char)c >= 0x80;
}

/* A month, or the half of a day; other words (days of the week, "at", zones) say nothing. */
static const char *read_word(struct reading *reading, const struct nl_lexicon *lexicon,
                             const char *text) {
    char word[WORD_LIMIT];
    size_t len = 0;
    while (is_letter(text[len]))
        len++;
    if (len >= sizeof word) {
        reading->wrong = true;
        return text + len;
    }
    memcpy(word, text, len);
    word[len] = '\0';
    int month = nl_lexicon_month(lexicon, word);
    if (month != 0) {
        reading->wrong = reading->wrong || reading->month != 0;
        reading->month = month;
        reading->month_at = reading->count;
    }
    reading->evening = reading->evening || strcasecmp(word, "pm") == 0;
    reading->morning = reading->morning || strcasecmp(word, "am") == 0;
    return text + len;
}

static void read_all(struct reading *reading, const struct nl_lexicon *lexicon, const char *text) {
    while (*text != '\0' && !reading->wrong) {
        if (isdigit((unsigned char)*text))
            text = read_number(reading, text);
        else if (is_letter(*text))
            text = read_word(reading, lexicon, text);
        else if ((*text == '+' || *text == '-') && reading->time &&
                 isdigit((unsigned char)text[1]) && reading->count >= 2)
            text = read_offset(reading, text);
        else if (strchr(" ,.-/:()'", *text) != NULL)
            text++;
        else
            reading->wrong = true;
    }
}

static long full_year(const struct reading *reading, int at) {
    long year = reading->numbers[at];
    return reading->digits[at] > 2 ? year : year + (year < 70 ? 2000 : 1900);
}

/* Day, month and year out of three numbers. */
static enum nl_moment order_numbers(const struct reading *reading, enum nl_date_order order,
                                    struct tm *out) {
    const long *n = reading->numbers;
    if (reading->digits[0] == 4) {
        *out = (struct tm){.tm_year = (int)n[0], .tm_mon = (int)n[1], .tm_mday = (int)n[2]};
        return NL_MOMENT_READ;
    }
    bool day_first = reading->separators[0] == '.' || order == NL_DATES_DAY_FIRST || n[0] > 12;
    bool month_first = !day_first && (order == NL_DATES_MONTH_FIRST || n[1] > 12 || n[0] == n[1] ||
                                      reading->morning || reading->evening);
    *out = (struct tm){.tm_year = (int)full_year(reading, 2),
                       .tm_mon = (int)n[day_first ? 1 : 0],
                       .tm_mday = (int)n[day_first ? 0 : 1]};
    return day_first || month_first ? NL_MOMENT_READ : NL_MOMENT_AMBIGUOUS;
}

static enum nl_moment find_date(const struct reading *reading, enum nl_date_order order,
                                struct tm *out) {
    if (reading->month == 0)
        return reading->count == 3 ? order_numbers(reading, order, out) : NL_MOMENT_WRONG;
    if (reading->count != 2)
        return NL_MOMENT_WRONG;
    int year = reading->digits[0] == 4 ? 0 : 1;
    *out = (struct tm){.tm_year = (int)full_year(reading, year),
                       .tm_mon = reading->month,
                       .tm_mday = (int)reading->numbers[1 - year]};
    return NL_MOMENT_READ;
}

/* The seconds of a day and a time that there are. */
static enum nl_moment make_moment(const struct reading *reading, struct tm date, int64_t *at) {
    long hour = reading->hour;
    if (reading->morning || reading->evening) {
        if (hour < 1 || hour > 12)
            return NL_MOMENT_WRONG;
        hour = hour % 12 + (reading->evening ? 12 : 0);
    }
    if (date.tm_year <= 1 && date.tm_mon <= 1 && date.tm_mday <= 1)
        return NL_MOMENT_NONE;
    struct tm tm = {
        .tm_year = date.tm_year - 1900, .tm_mon = date.tm_mon - 1, .tm_mday = date.tm_mday};
    if (date.tm_year < 1970 || hour > 23 || reading->minute > 59 || reading->second > 60)
        return NL_MOMENT_WRONG;
    int64_t day = (int64_t)timegm(&tm);
    if (tm.tm_mday != date.tm_mday || tm.tm_mon != date.tm_mon - 1)
        return NL_MOMENT_WRONG;
    *at = day + hour * 3600 + reading->minute * 60 + reading->second - reading->offset;
    return *at > 0 ? NL_MOMENT_READ : *at == 0 ? NL_MOMENT_NONE : NL_MOMENT_WRONG;
}

/* A bare number: 20210131, 20210131093000, or a time since 1970. */
static enum nl_moment read_bare(const char *text, size_t len, int64_t *at) {
    struct reading reading = {0};
    struct tm date = {0};
    int64_t number = strtoll(text, NULL, 10);
    int64_t day = len == 14 ? number / 1000000 : number;
    if (number == 0)
        return NL_MOMENT_NONE;
    if (len == 8 || len == 14) {
        date = (struct tm){.tm_year = (int)(day / 10000),
                           .tm_mon = (int)(day / 100 % 100),
                           .tm_mday = (int)(day % 100)};
        if (len == 14) {
            reading.hour = number / 10000 % 100;
            reading.minute = number / 100 % 100;
            reading.second = number % 100;
        }
        enum nl_moment result = make_moment(&reading, date, at);
        if (result != NL_MOMENT_WRONG || len == 8)
            return result;
    }
    if (len < 9 || len > 16)
        return NL_MOMENT_WRONG;
    *at = len > 13 ? number / 1000000 : len > 11 ? number / 1000 : number;
    return NL_MOMENT_READ;
}

enum nl_moment nl_moment_read(const struct nl_lexicon *lexicon, const char *text,
                              enum nl_date_order order, int64_t *at) {
    struct reading reading = {0};
    struct tm date = {0};
    *at = 0;
    text += strspn(text, " \t");
    size_t len = digits_at(text);
    const char *rest = text + len;
    if (len > 0 && *rest == '.' && len > 8)
        rest += 1 + digits_at(rest + 1);
    if (len > 0 && rest[strspn(rest, " \t")] == '\0')
        return read_bare(text, len, at);
    if (!isdigit((unsigned char)*text) && nl_lexicon_is_none(lexicon, text))
        return NL_MOMENT_NONE;
    if (strlen(text) > TEXT_LIMIT)
        return NL_MOMENT_WRONG;
    read_all(&reading, lexicon, text);
    if (reading.wrong)
        return NL_MOMENT_WRONG;
    enum nl_moment result = find_date(&reading, order, &date);
    return result == NL_MOMENT_READ ? make_moment(&reading, date, at) : result;
}
