#include "scan_text.h"

START_TEST(reports_destinations_and_variables)
{
    static const struct scan_row rows[] = {
        {"an address", "192.0.2.1 a b # c\n", "destination host a b 192.0.2.1 @1:1\n"},
        {"a blocked name", "0.0.0.0 a\n:: a\n", "bind host a 0.0.0.0 @1:1\nbind host a :: @2:1\n"},
        {"what every system has", "ff02::1 ip6-allnodes\n",
         "bind host ip6-allnodes ff02::1 @1:1\n"},
        {"comments", "# 192.0.2.1 a\n", ""},
    };
    scan_text_check(scan_hosts, SCAN_ROWS(rows));
}
END_TEST

START_TEST(survives_anything)
{
    scan_text_hostile(scan_hosts);
}
END_TEST

START_TEST(gives_the_same_by_windows)
{
    scan_text_streams(scan_hosts, "127.0.0.1 a\n# x\n192.0.2.1 b\n");
}
END_TEST
static const TTest *const tests[] = {reports_destinations_and_variables, survives_anything,
                                     gives_the_same_by_windows};
UNIT_MAIN("scan_hosts", tests)
