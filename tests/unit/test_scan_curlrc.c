#include "scan_text.h"

START_TEST(reports_destinations_and_variables)
{
    static const struct scan_row rows[] = {
        {"a proxy", "proxy = 0:3128\n", "destination endpoint curl 0:3128 @1:9\n"},
        {"quotes", "url=\"http://0\"\n", "destination endpoint curl http://0 @1:5\n"},
        {"a letter", "-x 0:1\n", "destination endpoint curl 0:1 @1:4\n"},
        {"what it binds", "interface = 0.0.0.0\n", ""},
    };
    scan_text_check(scan_curlrc, SCAN_ROWS(rows));
}
END_TEST

START_TEST(survives_anything)
{
    scan_text_hostile(scan_curlrc);
}
END_TEST

START_TEST(gives_the_same_by_windows)
{
    scan_text_streams(scan_curlrc, "proxy = 0:1\nurl = http://0\n");
}
END_TEST
static const TTest *const tests[] = {reports_destinations_and_variables, survives_anything,
                                     gives_the_same_by_windows};
UNIT_MAIN("scan_curlrc", tests)
