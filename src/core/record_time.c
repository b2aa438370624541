#include <astray/record.h>

#include <string.h>

#include "json.h"

#define MICROSECONDS 1000000
#define DAY UINT64_C(86400)
#define LATEST (UINT64_C(253402300800) * MICROSECONDS - 1) /* the end of the year 9999 */

static void put_padded(char *out, uint64_t number, unsigned digits)
{
    while (digits > 0) {
        out[--digits] = (char)('0' + number % 10);
        number /= 10;
    }
}

/* Days since 1970-01-01 in the proleptic Gregorian calendar; years begin in March, so that the
 * leap day is the last of a year. */
static void put_date(char *out, uint64_t days)
{
    uint64_t shifted = days + 719468; /* days since 0000-03-01 */
    uint64_t era = shifted / 146097, in_era = shifted % 146097;
    uint64_t year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    uint64_t in_year = in_era - (365 * year + year / 4 - year / 100);
    uint64_t from_march = (5 * in_year + 2) / 153;
    uint64_t month = from_march < 10 ? from_march + 3 : from_march - 9;
    put_padded(out, year + era * 400 + (month <= 2), 4);
    put_padded(out + 5, month, 2);
    put_padded(out + 8, in_year - (153 * from_march + 2) / 5 + 1, 2);
}

void record_time_format(uint64_t microseconds, char out[static RECORD_TIME_SIZE])
{
    if (microseconds > LATEST)
        microseconds = LATEST;
    uint64_t seconds = microseconds / MICROSECONDS;
    memcpy(out, "0000-00-00T00:00:00.000000Z", RECORD_TIME_SIZE);
    put_date(out, seconds / DAY);
    put_padded(out + 11, seconds % DAY / 3600, 2);
    put_padded(out + 14, seconds % 3600 / 60, 2);
    put_padded(out + 17, seconds % 60, 2);
    put_padded(out + 20, microseconds % MICROSECONDS, 6);
}

/* Cuts a number of exactly DIGITS digits, no greater than MAX, off *TEXT. */
static bool take_digits(struct slice *text, size_t digits, unsigned max, int *out)
{
    uint64_t number;
    if (text->length < digits || !slice_number((struct slice){text->data, digits}, max, &number))
        return false;
    *out = (int)number;
    *text = slice_from(*text, digits);
    return true;
}

static bool take_one_of(struct slice *text, const char *bytes, char *taken)
{
    if (text->length == 0 || *text->data == '\0' || strchr(bytes, *text->data) == NULL)
        return false;
    *taken = *text->data;
    *text = slice_from(*text, 1);
    return true;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

/* Days from 1970-01-01; a year begins in March, so that the leap day is its last. */
static int64_t days_to(int year, int month, int day)
{
    int64_t shifted = year - (month <= 2);
    int64_t from_march = (month + 9) % 12;
    return 365 * shifted + shifted / 4 - shifted / 100 + shifted / 400 +
           (153 * from_march + 2) / 5 + day - 1 - 719468;
}

static bool take_date(struct slice *text, int64_t *days)
{
    int year, month, day;
    char dash;
    if (!take_digits(text, 4, 9999, &year) || !take_one_of(text, "-", &dash) ||
        !take_digits(text, 2, 12, &month) || !take_one_of(text, "-", &dash) ||
        !take_digits(text, 2, 31, &day))
        return false;
    if (year == 0 || month == 0 || day == 0 || day > days_in_month(year, month))
        return false;
    *days = days_to(year, month, day);
    return true;
}

static bool take_clock(struct slice *text, int64_t *seconds)
{
    int hour, minute, second;
    char colon;
    if (!take_digits(text, 2, 23, &hour) || !take_one_of(text, ":", &colon) ||
        !take_digits(text, 2, 59, &minute) || !take_one_of(text, ":", &colon) ||
        !take_digits(text, 2, 60, &second))
        return false;
    *seconds = hour * 3600 + minute * 60 + second;
    return true;
}

/* ".5" is 500000; digits behind the sixth do not count. */
static bool take_fraction(struct slice *text, int64_t *microseconds)
{
    char dot;
    *microseconds = 0;
    if (!take_one_of(text, ".", &dot))
        return true;
    size_t digits = 0;
    int64_t scale = MICROSECONDS / 10;
    for (; digits < text->length && json_is_digit(text->data[digits]); digits++) {
        *microseconds += (text->data[digits] - '0') * scale;
        scale /= 10;
    }
    *text = slice_from(*text, digits);
    return digits > 0;
}

static bool take_zone(struct slice *text, int64_t *seconds)
{
    char sign, colon;
    int hours, minutes;
    *seconds = 0;
    if (!take_one_of(text, "Zz+-", &sign))
        return false;
    if (sign == 'Z' || sign == 'z')
        return true;
    if (!take_digits(text, 2, 23, &hours) || !take_one_of(text, ":", &colon) ||
        !take_digits(text, 2, 59, &minutes))
        return false;
    *seconds = (hours * 3600 + minutes * 60) * (sign == '-' ? -1 : 1);
    return true;
}

/* Two digits at AT; 100 or more when there are none. */
static inline unsigned two_digits(const char *at)
{
    unsigned tens = (unsigned char)at[0] - (unsigned)'0',
             ones = (unsigned char)at[1] - (unsigned)'0';
    return tens > 9 || ones > 9 ? 100 : tens * 10 + ones;
}

/* Reads exactly what record_time_format() writes: that is nearly all there is to read. */
static bool parse_own(const char *text, uint64_t *microseconds)
{
    unsigned month = two_digits(text + 5), day = two_digits(text + 8);
    unsigned century = two_digits(text), year = two_digits(text + 2);
    unsigned hour = two_digits(text + 11), minute = two_digits(text + 14);
    unsigned second = two_digits(text + 17);
    unsigned a = two_digits(text + 20), b = two_digits(text + 22), c = two_digits(text + 24);
    if (text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':' ||
        text[19] != '.' || text[26] != 'Z')
        return false;
    if (century < 20 || century > 99 || year > 99 || month - 1 > 11 || day - 1 > 27 || hour > 23 ||
        minute > 59 || second > 59 || a > 99 || b > 99 || c > 99)
        return false;
    int64_t days = days_to((int)(century * 100 + year), (int)month, (int)day);
    *microseconds = (uint64_t)days * 86400 * MICROSECONDS +
                    (uint64_t)(hour * 3600 + minute * 60 + second) * MICROSECONDS + a * 10000 +
                    b * 100 + c;
    return true;
}

bool record_time_parse(const char *text, size_t length, uint64_t *microseconds)
{
    if (length == RECORD_TIME_SIZE - 1 && parse_own(text, microseconds))
        return true;
    struct slice rest = {text, length};
    int64_t days, clock, fraction, zone;
    char separator;
    if (!take_date(&rest, &days) || !take_one_of(&rest, "Tt ", &separator) ||
        !take_clock(&rest, &clock) || !take_fraction(&rest, &fraction) || !take_zone(&rest, &zone))
        return false;
    int64_t seconds = days * 86400 + clock - zone;
    if (rest.length != 0 || seconds < 0)
        return false;
    *microseconds = (uint64_t)(seconds * MICROSECONDS + fraction);
    return true;
}
