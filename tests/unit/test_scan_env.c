#include "scan_text.h"

START_TEST(reports_destinations_and_variables)
{
    static const struct scan_row rows[] = {
        {"plain", "A=0:80\n", "named! endpoints A 0:80 @1:3\n"},
        {"export, blanks, a comment", "export A = x # y\n", "named! endpoints A x @1:12\n"},
        {"double quotes", "A=\"${B}x\" # c\n", "named! endpoints A <5{B}>x @1:4\n"},
        {"single quotes are literal", "A='${B}'\n", "named! endpoints A ${B} @1:4\n"},
        {"several lines", "A=\"x\ny\"\nB=1\n",
         "named! endpoints A x~y @1:4\nnamed! endpoints B 1 @3:3\n"},
        {"nothing", "A=\n", "named! endpoints A  @1:3\n"},
        {"comments and others", "# A=1\n\nno setting\n", ""},
    };
    scan_text_check(scan_env, SCAN_ROWS(rows));
}
END_TEST

START_TEST(survives_anything)
{
    scan_text_hostile(scan_env);
}
END_TEST

START_TEST(gives_the_same_by_windows)
{
    scan_text_streams(scan_env, "A=1\nB=\"x\ny\nz\"\nC=0:80\n");
}
END_TEST
static const TTest *const tests[] = {reports_destinations_and_variables, survives_anything,
                                     gives_the_same_by_windows};
UNIT_MAIN("scan_env", tests)
