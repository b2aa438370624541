#include "scan_text.h"

START_TEST(reports_destinations_and_variables)
{
    static const struct scan_row rows[] = {
        {"a command", "ExecStart=-/usr/bin/curl -f http://0\n",
         "destination endpoint curl http://0 @1:29\n"},
        {"only braces inside a word", "ExecStart=curl $A/${B} $C\n",
         "destination endpoint curl $A/<3{B}> @1:16\ndestination endpoint curl <3C> @1:24\n"},
        {"specifiers", "ExecStart=curl %H%%\n", "destination endpoint curl <3%H>% @1:16\n"},
        {"settings", "Environment=\"A=b c\" D=$E\n",
         "named! endpoints A b c @1:13\nnamed! endpoints D $E @1:21\n"},
        {"lines go on, with comments", "ExecStart=curl \\\n# x\n  0:80\n",
         "destination endpoint curl 0:80 @3:3\n"},
        {"two commands", "ExecStart=curl 0:80 ; wget 0:81\n",
         "destination endpoint curl 0:80 @1:16\ndestination endpoint wget 0:81 @1:28\n"},
        {"a shell", "ExecStart=/bin/sh -c \"curl $$A:80\"\n",
         "destination endpoint curl <0A>:80 @1:27\n"},
        {"files", "EnvironmentFile=/etc/x\n", "sourced endpoint EnvironmentFile /etc/x @1:17\n"},
        {"what is bound", "ListenStream=0.0.0.0:80\nIPAddressAllow=0.0.0.0/0\n", ""},
        {"comments", "; ExecStart=curl 0\n# ExecStart=curl 0\n", ""},
    };
    scan_text_check(scan_systemd, SCAN_ROWS(rows));
}
END_TEST

START_TEST(survives_anything)
{
    scan_text_hostile(scan_systemd);
}
END_TEST

START_TEST(gives_the_same_by_windows)
{
    scan_text_streams(scan_systemd, "[Service]\nExecStart=curl \\\\\n 0:80\nEnvironment=A=b\n");
}
END_TEST
static const TTest *const tests[] = {reports_destinations_and_variables, survives_anything,
                                     gives_the_same_by_windows};
UNIT_MAIN("scan_systemd", tests)
