#include "scan_text.h"

START_TEST(reports_destinations_and_variables)
{
    static const struct scan_row rows[] = {
        {"properties", "a.b=0:80\n", "named endpoints a.b 0:80 @1:5\n"},
        {"a section", "[s]\nk = \"v\"\n", "named endpoints s.k v @2:6\n"},
        {"an object", "  \"a\": { target: 'http://0' },\n",
         "named endpoints target http://0 @1:19\n"},
        {"apt", "Acquire::http::Proxy \"http://0\";\n",
         "named endpoints Acquire::http::Proxy http://0 @1:23\n"},
        {"comments", "# a=0\n; a=0\n// a: \"0\"\n", ""},
    };
    scan_text_check(scan_pairs, SCAN_ROWS(rows));
}
END_TEST

START_TEST(survives_anything)
{
    scan_text_hostile(scan_pairs);
}
END_TEST

START_TEST(gives_the_same_by_windows)
{
    scan_text_streams(scan_pairs, "a=1\n[s]\nb = 2\n");
}
END_TEST
static const TTest *const tests[] = {reports_destinations_and_variables, survives_anything,
                                     gives_the_same_by_windows};
UNIT_MAIN("scan_pairs", tests)
