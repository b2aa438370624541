#include "scan_text.h"

START_TEST(reports_destinations_and_variables)
{
    static const struct scan_row rows[] = {
        {"a pass", "proxy_pass http://0:80;\n",
         "destination endpoint proxy_pass http://0:80 @1:12\n"},
        {"an upstream", "upstream a { server 0:8080 weight=1; }\n",
         "destination endpoint server 0:8080 @1:21\n"},
        {"a server that is down", "upstream a { server 0:8080 down; }\n", ""},
        {"server in another block", "http { server { listen 0.0.0.0:80; } }\n", ""},
        {"variables", "set $b 0; proxy_pass http://$b:80;\n",
         "set endpoint b 0 @1:8\ndestination endpoint proxy_pass http://<6b>:80 @1:22\n"},
        {"quotes and lines", "proxy_pass\n  \"http://0\";\n",
         "destination endpoint proxy_pass http://0 @2:3\n"},
        {"includes", "include conf.d/*.conf;\n", "include endpoint include conf.d/*.conf @1:9\n"},
        {"sockets", "fastcgi_pass unix:/run/x;\nproxy_pass http://unix:/x;\n", ""},
        {"tables", "map $a $b { default http://0; proxy_pass http://0; }\n", ""},
        {"a log server", "error_log syslog:server=0:514,tag=a;\n",
         "destination endpoint error_log 0:514 @1:11\n"},
        {"comments", "# proxy_pass http://0;\n", ""},
    };
    scan_text_check(scan_nginx, SCAN_ROWS(rows));
}
END_TEST

START_TEST(survives_anything)
{
    scan_text_hostile(scan_nginx);
}
END_TEST

START_TEST(gives_the_same_by_windows)
{
    scan_text_streams(scan_nginx,
                      "upstream a {\n  server 0:80;\n  server 0:81;\n}\nproxy_pass\n http://0;\n");
}
END_TEST
static const TTest *const tests[] = {reports_destinations_and_variables, survives_anything,
                                     gives_the_same_by_windows};
UNIT_MAIN("scan_nginx", tests)
