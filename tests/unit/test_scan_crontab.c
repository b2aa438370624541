#include "scan_text.h"

START_TEST(reports_destinations_and_variables)
{
    static const struct scan_row rows[] = {
        {"a job", "*/5 * * * * curl 0:80\n", "destination endpoint curl 0:80 @1:18\n"},
        {"at boot", "@reboot curl 0:80\n", "destination endpoint curl 0:80 @1:14\n"},
        {"a percent sign ends it", "* * * * * curl a%0:80\n",
         "destination endpoint curl a @1:16\n"},
        {"settings", "A=\"0:80\"\n", "named! endpoints A 0:80 @1:4\n"},
        {"comments", "# * * * * * curl 0\n", ""},
    };
    scan_text_check(scan_crontab, SCAN_ROWS(rows));
}
END_TEST

START_TEST(survives_anything)
{
    scan_text_hostile(scan_crontab);
}
END_TEST

START_TEST(gives_the_same_by_windows)
{
    scan_text_streams(scan_crontab, "A=1\n* * * * * curl 0:80\n");
}
END_TEST
static const TTest *const tests[] = {reports_destinations_and_variables, survives_anything,
                                     gives_the_same_by_windows};
UNIT_MAIN("scan_crontab", tests)
