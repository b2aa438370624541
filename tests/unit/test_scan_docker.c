#include "scan_text.h"

START_TEST(reports_destinations_and_variables)
{
    static const struct scan_row rows[] = {
        {"the shell form", "RUN curl 0:80\n", "destination endpoint curl 0:80 @1:10\n"},
        {"the exec form", "CMD [\"curl\", \"http://$A\"]\n",
         "destination endpoint curl http://$A @1:14\n"},
        {"a health check", "HEALTHCHECK --interval=5s CMD curl 0:80\n",
         "destination endpoint curl 0:80 @1:36\n"},
        {"variables", "ENV A=1 B=\"x $C\"\nENV D e f\nARG G\n",
         "named! endpoints A 1 @1:5\nnamed! endpoints B x <0C> @1:9\nnamed! endpoints D e f "
         "@2:5\nset endpoint G  @3:5\n"},
        {"lines go on", "RUN a && \\\n  # x\n  curl 0:80\n",
         "destination endpoint curl 0:80 @3:8\n"},
        {"a link", "ADD http://0/x /\n", "destination url ADD http://0/x @1:5\n"},
        {"a here-document", "RUN <<E\ncurl 0:80\nE\n", "destination endpoint curl 0:80 @2:6\n"},
        {"labels and ports", "LABEL a=http://0\nEXPOSE 80\nFROM a:0.0.0\n", ""},
    };
    scan_text_check(scan_docker, SCAN_ROWS(rows));
}
END_TEST

START_TEST(survives_anything)
{
    scan_text_hostile(scan_docker);
}
END_TEST

START_TEST(gives_the_same_by_windows)
{
    scan_text_streams(scan_docker, "FROM a\nENV A=1 \\\\\n  B=2\nRUN curl \\\\\n  0:80\n");
}
END_TEST
static const TTest *const tests[] = {reports_destinations_and_variables, survives_anything,
                                     gives_the_same_by_windows};
UNIT_MAIN("scan_docker", tests)
